/** Texts of the dashboard. */

import { formatNumber, defineTexts, textsIn } from "../lib/i18n";
import type { TimeLeft } from "./countdown";

const zhNumber = (n: number) => formatNumber(n);
const enNumber = (n: number) => formatNumber(n);
const two = (n: number) => String(n).padStart(2, "0");
/** Hours, minutes and seconds, as both languages write them. */
export const clock = (left: TimeLeft) => `${two(left.hours)}:${two(left.minutes)}:${two(left.seconds)}`;
const plural = (n: number, one: string, many: string) => `${enNumber(n)} ${n === 1 ? one : many}`;

function zhLate(s: number): string {
  if (s < 120) return `${s} 秒`;
  return s < 7200 ? `${Math.round(s / 60)} 分钟` : `${Math.round(s / 3600)} 小时`;
}

function enLate(s: number): string {
  if (s < 120) return `${s} s`;
  return s < 7200 ? `${Math.round(s / 60)} min` : `${Math.round(s / 3600)} h`;
}

export const board = defineTexts({
  zh: {
    dashboard: "计票大屏",
    connecting: "正在连接计票服务…",
    noTally: "暂时连接不上计票服务，正在自动重试。",
    unknown: "计票服务里还没有这一届投票。",
    unknownNext: "请检查网址中的名称；如果刚刚公告，请稍等几秒，页面会自动更新。",
    otherEditions: "查看其他投票",
    hall: "大屏模式",
    leaveHall: "退出大屏",

    closesIn: "距投票截止",
    opensIn: "距投票开始",
    closesAt: (time: string) => `截止时间 ${time}`,
    opensAt: (time: string) => `开始时间 ${time}`,
    days: (_n: number): string => "天",
    closing: "已到截止时间，等待工作人员正式关闭投票",
    opening: "已到开始时间，等待工作人员正式开启投票",
    ended: "投票已结束",

    live: "已核验 · 实时",
    liveHint: "每一张选票的签名和日志的完整性都已核验，显示的是最新数字。",
    catchingUp: (n: number) => `正在核验，还差 ${zhNumber(n)} 条`,
    late: (s: number) => `数据延迟 ${zhLate(s)}`,
    lateHint: "显示的是最后一次核验过的数字，恢复后自动更新。",
    contradiction: "日志自相矛盾，已停止计票",
    contradictionMeans:
      "计票服务逐条核验公开日志时发现了不一致。日志一旦对不上，任何数字都不可信，因此不再显示得票数和结果。",
    contradictionWhere: (index: number, what: string) => `发现位置：第 ${zhNumber(index)} 条（${what}）`,
    things: {
      entry: "一条记录",
      entries: "一段记录",
      run: "一段记录",
      ballot: "一张选票",
      opening: "一张选票公开的选项",
      openings: "各张选票公开的选项",
      checkpoint: "检查点",
      EditionAnnounced: "投票公告",
      ShortlistPublished: "公布候选项目",
      RollCommitted: "封存名册",
      VotingOpened: "开启投票",
      VotingClosed: "关闭投票",
      IssuanceReported: "报告凭证数量",
      TieSeedDrawn: "公开抽签",
      ResultCertified: "确认结果",
      ProgressReported: "进展报告",
    },
    technical: "技术细节：",
    contradictionNext: "请保存手中的回执，并请任何人用 huimin audit 独立核验日志。",

    voters: "投票人数",
    ofRoll: (percent: string, size: number) => `占名册 ${zhNumber(size)} 人的 ${percent}`,
    ballots: "选票",
    ballotsHint: "含改票：同一人以最后一张为准",
    logSize: "日志条目",
    checkpoint: "检查点",
    checkpointHint: "与任何人手中的检查点比对，即可发现历史是否被改动。",
    noCheckpoint: "尚无",
    status: "核验状态",

    ranking: "得票排名",
    rankingNow: "得票排名（实时，尚未结束）",
    noBallots: "还没有选票。第一张选票到来后，这里立即显示排名。",
    line: (seats: number) => `入选线：前 ${seats} 项入选`,
    lineTied: (chosen: number, tied: number, open: number) =>
      `${chosen > 0 ? `以上 ${chosen} 项领先；` : ""}${tied} 项并列，争 ${open} 个名额`,
    lineAll: "候选项目不多于名额，全部入选",
    moreOut: (n: number) => `另有 ${n} 项未列出，完整名单见手机页面`,
    votes: (n: number) => `${zhNumber(n)} 票`,
    standing: { in: "入选", tied: "并列待抽签", out: "未入选" },
    standingNow: { in: "暂列入选", tied: "暂时并列", out: "暂未入选" },

    sealed: "选项密封中",
    sealedWhy:
      "这一届采用密封计票：投票结束之前，任何页面、数据和接口都不公布各项得票，以免影响还没有投票的人。",
    sealedThen: "投票结束后，所有选票的选项一并公开，并与投票时的密封承诺逐张比对，人人可以重新计票。",
    sealedOnly: "现在公开的只有投票人数。",
    opened: "正在启封计票",
    openedWhy: "投票已结束，正在用公开的选项重新核验并计算每一张选票，马上就好。",

    shortlist: "候选项目",
    shortlistSoon: "候选项目公布后将显示在这里。",
    chooseUpTo: (max: number, seats: number) => `每人最多选 ${max} 项，得票最多的 ${seats} 项入选。`,

    resultCertified: "结果已确认",
    resultCertifiedWhy:
      "两名以上工作人员已签名确认；计票服务独立计算的结果与之一致。",
    resultCounted: "投票已结束，等待确认结果",
    resultCountedWhy: "这是计票服务独立计算的结果，还需工作人员签名确认。",
    resultTied: (tied: number, open: number) => `${tied} 项并列，争 ${open} 个名额，等待公开抽签`,
    resultTiedWhy:
      "最后的名额票数完全相同。工作人员将当众掷出二十位数字，名次由这些数字和日志的根哈希共同决定，谁也无法预先知道；在此之前，没有人得到这些名额。",
    drawn: "最后的名额由公开抽签决定",
    drawnHow:
      "把投票名称、日志根哈希、当众掷出的数字和项目编号一起计算 SHA-256，最小的在先。任何人都可以重算。",
    drawnSeed: "掷出的数字",
    drawnRoot: "日志根哈希",
    drawnAgain: "本页已在您的浏览器里重新计算：",
    drawnSame: "与公布的结果一致",
    drawnDiffers: "与公布的结果不一致！",
    drawnCannot: "此浏览器无法重算（需要 https）。",
    drawnOrder: "抽签顺序",
    hash: "SHA-256（开头）",

    turnout: "投票进度",
    turnoutCurve: (total: number) => `累计投票人数曲线，目前共 ${zhNumber(total)} 人`,
    turnoutNone: "还没有人投票。",
    turnoutHours: "只记录到小时：更精确的公开时间可能让人猜出谁投了哪张票。",
    hour: "时段",
    hourVoters: "新投票人数",
    hourBallots: "选票数",
    hourTotal: "累计人数",
    showTable: "显示表格",
    hideTable: "隐藏表格",
    place: "名次",
    initiative: "项目",
    department: "负责部门",
    count: "得票",
    share: "占投票人",
    now: "状态",

    downloads: "下载",
    csvCounts: "得票 CSV",
    csvTurnout: "投票进度 CSV",
    png: "排名图片 PNG",
    pb: "全部选票 .pb",
    pbHint: ".pb 是学术界通用的 Pabulib 格式：每张有效选票一行，编号与投票时间无关。",
    asOf: (time: string) => `截至 ${time}`,
    check: "怎样核对",
    checkHow:
      "计票服务没有特权：它和任何人一样读取公开日志，核验每个签名后才计数。您也可以用 huimin audit 独立重算。",
    scanVote: "扫码投票",
    scanBoard: "扫码用手机看",
  },
  en: {
    dashboard: "Live tally",
    connecting: "Connecting to the tally…",
    noTally: "The tally cannot be reached at the moment. Trying again by itself.",
    unknown: "The tally has no such vote yet.",
    unknownNext:
      "Check the name in the address. If it was announced just now, wait a few seconds: this page updates itself.",
    otherEditions: "Other votes",
    hall: "Big screen",
    leaveHall: "Leave big screen",

    closesIn: "Voting closes in",
    opensIn: "Voting opens in",
    closesAt: (time: string) => `Closes ${time}`,
    opensAt: (time: string) => `Opens ${time}`,
    days: (n: number) => (n === 1 ? "day" : "days"),
    closing: "The closing time has come; officers are about to close the vote",
    opening: "The opening time has come; officers are about to open the vote",
    ended: "Voting has closed",

    live: "Verified · live",
    liveHint:
      "Every ballot's signatures and the log's integrity were verified; these are the newest figures.",
    catchingUp: (n: number) => `Verifying, ${plural(n, "entry", "entries")} to go`,
    late: (s: number) => `Delayed by ${enLate(s)}`,
    lateHint: "These are the last verified figures; they update by themselves.",
    contradiction: "The log contradicts itself: counting has stopped",
    contradictionMeans:
      "Checking the public log entry by entry, the tally found that it does not add up. Once that happens no figure can be trusted, so counts and result are not shown any more.",
    contradictionWhere: (index: number, what: string) => `Found at entry ${enNumber(index)} (${what})`,
    things: {
      entry: "an entry",
      entries: "entries",
      run: "entries",
      ballot: "a ballot",
      opening: "the published choices of a ballot",
      openings: "the published choices of ballots",
      checkpoint: "a checkpoint",
      EditionAnnounced: "the announcement",
      ShortlistPublished: "the shortlist",
      RollCommitted: "the sealing of the roll",
      VotingOpened: "the opening of the vote",
      VotingClosed: "the close of the vote",
      IssuanceReported: "the report of credentials issued",
      TieSeedDrawn: "the public draw",
      ResultCertified: "the certificate of the result",
      ProgressReported: "a report of progress",
    },
    technical: "Technical detail: ",
    contradictionNext:
      "Keep your receipts, and have anybody verify the log independently with huimin audit.",

    voters: "People who voted",
    ofRoll: (percent: string, size: number) => `${percent} of ${enNumber(size)} on the roll`,
    ballots: "Ballots",
    ballotsHint: "with changes of mind: a person's last one counts",
    logSize: "Log entries",
    checkpoint: "Checkpoint",
    checkpointHint: "Compare it with anybody's: a changed history would show.",
    noCheckpoint: "none yet",
    status: "Verification",

    ranking: "Ranking",
    rankingNow: "Ranking (live, not final)",
    noBallots: "No ballots yet. The ranking appears with the first one.",
    line: (seats: number) => `The line: the first ${seats} are chosen`,
    lineTied: (chosen: number, tied: number, open: number) =>
      `${chosen > 0 ? `${chosen} above are ahead; ` : ""}${tied} are tied for ${plural(open, "seat", "seats")}`,
    lineAll: "No more initiatives than seats: all are chosen",
    moreOut: (n: number) => `${n} more not shown here; the whole list is on the phone page`,
    votes: (n: number) => plural(n, "ballot", "ballots"),
    standing: { in: "chosen", tied: "tied, to be drawn", out: "not chosen" },
    standingNow: { in: "chosen so far", tied: "tied so far", out: "not chosen so far" },

    sealed: "Choices are sealed",
    sealedWhy:
      "This vote is counted under seal: until it closes no page, file or interface gives counts out, so that those who vote later are not swayed.",
    sealedThen:
      "After the close all choices are published, and each must fit what was sealed when it was cast: anybody can recount.",
    sealedOnly: "Only the turnout is public now.",
    opened: "Opening and counting",
    openedWhy:
      "Voting has closed. Every ballot is being verified and counted again with its published choices; it takes a moment.",

    shortlist: "The shortlist",
    shortlistSoon: "The shortlist appears here when it is published.",
    chooseUpTo: (max: number, seats: number) =>
      `Everybody may choose up to ${max}; the ${seats} with the most ballots are chosen.`,

    resultCertified: "The result is certified",
    resultCertifiedWhy:
      "Officers have signed it, and the tally's own independent count says the same.",
    resultCounted: "Voting has closed; the result is not certified yet",
    resultCountedWhy: "This is the tally's own count. Officers have yet to sign it.",
    resultTied: (tied: number, open: number) =>
      `${tied} are tied for ${plural(open, "seat", "seats")}: a public draw will decide`,
    resultTiedWhy:
      "The last seats are tied exactly. Officers will throw twenty digits in public; they and the log's root hash decide the order, which nobody can know before. Until then nobody has these seats.",
    drawn: "A public draw decided the last seats",
    drawnHow:
      "SHA-256 over the vote's name, the log's root hash, the digits thrown in public and the initiative's id: the lowest comes first. Anybody can compute it again.",
    drawnSeed: "Digits thrown",
    drawnRoot: "Log root hash",
    drawnAgain: "Your browser has computed it again:",
    drawnSame: "it agrees with the result",
    drawnDiffers: "it does NOT agree with the result!",
    drawnCannot: "This browser cannot compute it again (it needs https).",
    drawnOrder: "Order of the draw",
    hash: "SHA-256 (beginning)",

    turnout: "Turnout",
    turnoutCurve: (total: number) => `Curve of people who voted so far, ${enNumber(total)} by now`,
    turnoutNone: "Nobody has voted yet.",
    turnoutHours:
      "By the hour only: a finer public time could help to guess whose ballot is whose.",
    hour: "Hour",
    hourVoters: "New voters",
    hourBallots: "Ballots",
    hourTotal: "Voters so far",
    showTable: "Show table",
    hideTable: "Hide table",
    place: "Rank",
    initiative: "Initiative",
    department: "Department",
    count: "Ballots",
    share: "Of voters",
    now: "Standing",

    downloads: "Downloads",
    csvCounts: "Counts, CSV",
    csvTurnout: "Turnout, CSV",
    png: "Ranking, PNG",
    pb: "All ballots, .pb",
    pbHint:
      ".pb is the Pabulib format that researchers use: a line for each ballot that counts, numbered in an order that says nothing about time.",
    asOf: (time: string) => `As of ${time}`,
    check: "How to check",
    checkHow:
      "The tally has no privilege: like anybody it reads the public log, and counts only what it has verified. You can recount with huimin audit.",
    scanVote: "Scan to vote",
    scanBoard: "Scan to follow",
  },
});

export type BoardTexts = ReturnType<typeof textsIn<(typeof board)["zh"]>>;
