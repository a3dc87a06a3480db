/** The voting page's texts. Plain words, short sentences: whoever can read can vote. */

import { defineTexts } from "../lib/i18n";

const zhSteps = ["身份", "验证码", "选择", "核对投出", "已计入"];
const enSteps = ["Who you are", "Code", "Choose", "Review and cast", "Counted"];

export const texts = defineTexts({
  zh: {
    page: "投票",
    notCounted: "尚未计入",
    neverCounted: "没有计入",
    stepOf: (step: number) => `第 ${step} 步，共 5 步：${zhSteps[step - 1]}`,
    steps: { 1: "身份", 2: "验证码", 3: "选择", 4: "核对投出", 5: "已计入" },
    stepsLabel: "投票步骤",
    back: "返回",

    standing: {
      identify: "您还没有投票。一共五步，走完才算投票。",
      code: "您还没有投票。请输入验证码，再去选择。",
      select: "您还没有投票。选好以后，还要核对并投出。",
      review: "您还没有投票。请核对，再按下面的“投出我的选票”。",
      casting: "正在发送，还没有计入。请不要关闭本页。",
      waiting: "选票还没有确认计入，本页会继续发送。",
      late: "投票已经截止，这张选票没有送到。",
      changing: "您上次的选票仍然有效；新的选择还没有计入。",
    },

    identify: {
      intro: (all: number, most: number) =>
        `从 ${all} 项候选里选您最想办的，最\u2060多\u00a0${most}\u00a0项。`,
      title: "第一步：您是谁",
      identityNumber: "身份证号码",
      identityHint: "18 位，最后一位可能是字母 X",
      phone: "手机号码",
      phoneHint: "验证码会发到这个号码",
      next: "获取验证码",
      empty: "请先填写。",
      secret: "谁投了什么，没有人知道",
      secretWhy:
        "登记处核对您有没有资格，看不到您选什么；票箱收下选票，不知道您是谁。您的号码不会存在这部手机上。",
      counter: "我没有手机，有窗口发的密封代码",
      card: "我换了手机，有恢复卡",
      shortlist: (count: number) => `先看看 ${count} 项候选`,
      closes: (time: string) => `投票截止：${time}`,
      aside: (count: number) => `这部手机上还存有 ${count} 位选民的记录`,
      takeUp: "打开",
      somebodyElse: "另一位选民用这部手机",
    },
    counter: {
      title: "用窗口发的代码",
      lead: "请填写密封信封里的代码。代码只能用一次。",
      code: "信封里的代码",
      codeHint: "字母和数字，大小写都可以",
      next: "继续",
    },
    code: {
      title: "第二步：输入验证码",
      toRoll: "如果您在选民册上，验证码已发往您登记的手机。",
      toPhone: "验证码已发往您的手机。",
      label: (digits: number) => `${digits} 位验证码`,
      hint: (minutes: number, tries: number) => `${minutes} 分钟内有效，可以试 ${tries} 次`,
      next: "确认",
      none: "没有收到验证码？",
      noneWhy:
        "请等一分钟，看看有没有被当作垃圾短信。登记的手机号已经不用了，或者不在选民册上，请到服务窗口办理。",
      again: "重新发送验证码",
      againIn: (seconds: number) => `${seconds} 秒后可以重新发送`,
      other: "换一个号码，或用窗口代码",
      failing: "目前短信发送不畅。如果收不到，请稍后再试，或到服务窗口领取代码。",
    },
    busy: {
      preparing: "正在核对签发公钥，准备凭证…",
      asking: "正在请求验证码…",
      puzzling: "现在请求的人很多，正在做一道计算题，大约需要几秒到一分钟…",
      redeeming: "正在领取投票凭证…",
    },

    select: {
      title: "第三步：选出您最想办的事",
      titleAgain: "重新选择",
      chosen: (chosen: number, most: number) => `已选 ${chosen}/${most}`,
      atLeast: (count: number) => `至少选 ${count} 项`,
      full: (most: number) => `已经选满 ${most} 项。想换一项，请先取消一项。`,
      search: "搜索",
      searchHint: "如：电梯",
      department: "部门",
      allDepartments: "全部",
      order: "顺序",
      own: "随机",
      published: "公布顺序",
      ownWhy: "每位选民看到的顺序不同，这样排在前面不占便宜。",
      onlyChosen: "只看已选",
      shown: (count: number, all: number) => `显示 ${count} 项，共 ${all} 项`,
      nothing: "没有找到。",
      showAll: "显示全部",
      details: "详情",
      next: "下一步：核对",
      added: (title: string, chosen: number, most: number) => `已选：${title}。${chosen}/${most}`,
      removed: (title: string, chosen: number, most: number) => `已取消：${title}。${chosen}/${most}`,
    },
    review: {
      title: "第四步：核对，然后投出",
      chosen: (count: number) => `您选了这 ${count} 项：`,
      more: (count: number) => `您还可以再选 ${count} 项，也可以就这样投出。`,
      change: "回去修改",
      cast: "投出我的选票",
      after: "按下后请稍等，看到“您的选票已计入”才算完成。",
      last: "以后可以改投，以最后一次为准。",
    },
    casting: {
      title: "正在投出您的选票…",
      wait: "请稍等，一般只要几秒钟。",
      saved: "选票已保存在这部设备上",
      signed: "选票已签好，只在本页里",
      sent: "送到票箱",
      verified: "核验回执：证明您的选票在公开日志里",
      done: "完成",
      now: "正在进行",
      later: "等待",
      failed: "没有通过",
      sendingAgain: "正在重新发送…",
      attempt: (count: number) => `第 ${count} 次发送`,
      offline: "没有网络",
      offlineWhy: "您的选票还没有计入。它保存在这部设备上，网络恢复后会自动发送。",
      offlineStay: "您的选票还没有计入。它只在本页里：请不要关闭本页，网络恢复后会自动发送。",
      unreachable: "暂时连不上票箱",
      unreachableWhy: "您的选票还没有确认计入。本页会自动重发同一张选票；它只会计一次。",
      busy: "现在投票的人很多",
      busyWhy: "您的选票还没有计入。本页会自动再试；不会重复计票。",
      unproven: "回执没有通过核验",
      unprovenWhy:
        "服务器的回执不能证明您的选票在公开日志里，所以不能说已经计入。请稍后再试；如果一直这样，请告诉选举工作人员。",
      again: (time: string) => `${time}后自动再试`,
      now_: "马上再试",
      keep: "如果必须关闭本页，请以后在这部设备上重新打开，它会接着发送。",
      stay: "请不要关闭本页：这个浏览器什么也不保存，关闭以后这张选票就没有了，您也不能再投。",
      closedTitle: "投票已经截止，这张选票没有计入",
      closedWhy: "票箱在截止前没有收到它。如果您认为已经送到，可以再确认一次。",
      closedBefore: "您上次投出的选票仍然有效。",
      askAgain: "再确认一次",
      lastReceipt: "看上次的回执",
    },

    done: {
      title: "您的选票已计入",
      lead: "本页已经核验：您的选票在公开日志里，而且有日志的签名。日志里没有您的姓名和号码。",
      checkedEntry: "收到的正是您这张选票",
      checkedProof: "收录证明正确",
      checkedSignature: "日志签名正确",
      lastCounts: "您可以改投，以最后一次为准。",
      until: (time: string) => `投票截止前（${time}）都可以改投。`,
      change: "我要改投",
      closed: "投票已经截止，不能再改投。",
      choices: (count: number) => `您选的 ${count} 项`,
      choicesHide: "只显示在这部设备上，请不要给别人看。",
      receipt: "您的回执",
      code: "回执编号",
      codeWhy: "请抄下或打印。用它可以随时核验您的选票还在日志里。",
      keepToYourself: (live: boolean): string =>
        live
          ? "回执请自己保管：选票内容按编号公布，谁有您的编号，谁就能查到这张票选了什么。"
          : "回执请自己保管：截止以后选票内容按编号公布，谁有您的编号，谁就能查到这张票选了什么。",
      qr: "回执二维码，扫一扫可以核验",
      download: "下载回执",
      print: "打印回执",
      copy: "复制编号",
      check: "核验回执",
      board: "看实时计票",
      keep: "保管恢复卡",
      keepWhy: "换手机、清理浏览器以后，凭恢复卡可以改投。没有它，只能用这部设备改投。",
      showCard: "打开恢复卡",
      saveNow: "请现在就保存恢复卡和回执",
      saveNowWhy: "这个浏览器什么也不保存。关闭本页以后，没有恢复卡就不能改投，没有回执就不能核验。",
      saveReceiptNow: "请现在就保存回执",
      saveReceiptNowWhy: "这个浏览器什么也不保存。关闭本页以后，没有回执就不能核验。",
      others: "同一部手机，下一位",
      othersWhy: "家人可以接着用这部手机投票，您的记录会留在这里。",
      nextPerson: "下一位选民投票",
      forget: "这不是我的设备：清除我的记录",
      forgetWhy:
        "清除后，这部设备上不再有您的钥匙、选择和回执。选票仍然有效。要以后改投，请先保存恢复卡。",
      forgetYes: "确定清除",
      forgetNo: "不清除",
    },
    card: {
      title: "恢复卡",
      warn: "谁拿到这张卡，谁就能替您改投。像银行卡密码一样保管，不要拍照发给别人。",
      what: "换设备时，打开投票页，选“我换了手机，有恢复卡”，拍下或上传这张卡。",
      qr: "恢复卡二维码，请保密",
      print: "打印恢复卡",
      download: "存为文件",
      edition: "投票",
    },
    import: {
      title: "用恢复卡继续",
      lead: "拍下打印的恢复卡，或选择保存的文件，或粘贴卡上的文字。",
      picture: "拍照或选择图片",
      file: "选择恢复卡文件",
      paste: "粘贴恢复卡文字",
      next: "继续",
      reading: "正在读取…",
    },

    subscribe: {
      title: "结果出来时通知我",
      email: "电子邮箱",
      why: "只用来发送这一届的通知，与您的选票无关，随时可以退订。",
      send: "订阅",
      sending: "正在提交…",
      done: "确认邮件已发出。请打开邮件，点确认。",
    },

    notices: {
      "wrong-code": (left: number) => `验证码不对，或已经过期。请核对后再输入，还可以试 ${left} 次。`,
      "code-used-up": "这个验证码试的次数太多，已经失效。请重新获取一个。",
      "wrong-counter-code": "代码不对，或已经用过。请核对信封里的代码和号码。",
      "type-again": "要重新发送验证码，请再填写一次号码。为了保密，本页没有保存它。",
      "card-read": "恢复卡已读入。如果您在别的设备上投过票，那张票仍然有效；在这里再投，就以新的为准。",
      "card-unreadable": "这不是恢复卡，或没有读全。请再试一次。",
      "card-of-another-edition": "这张恢复卡是另一届投票的。",
      "card-invalid": "这张恢复卡无效：其中的凭证不是本届登记处签发的。",
      "no-qr": "图片里没有找到二维码。请对准、拍清楚，再试一次。",
      "credential-already-issued":
        "已经有一部设备用您的名义领取了凭证。请用那部设备，或用恢复卡。如果不是您本人领取的，请马上告诉登记处。",
      "too-many-requests": "请求太频繁了。",
      wait: (time: string) => `请在 ${time}后再试。`,
      "wrong-issuer-title": "签发公钥不一致，已停止",
      "wrong-issuer":
        "登记处的签发公钥和公开日志里的不一样。为了保护您的秘密，本页已经停下，没有再发送任何信息。请告诉选举工作人员。",
      "wrong-log-title": "公开日志有问题，已停止",
      "wrong-log":
        "服务器出示的公开日志和这部设备记得的不一致，或证明不成立。本页已经停下，没有再发送任何信息。请告诉选举工作人员。",
      unreachable: "暂时连不上服务器。请检查网络，再试一次。",
      offline: "没有网络。网络恢复后请再试。",
      unsolved: "计算题没有做出来。请再试一次。",
      "stale-seq":
        "您在另一部设备上投出的选票已经计入。要用下面的选择取代它，请再按一次“投出我的选票”。",
      "not-saved":
        "这部设备存不下您的记录。您可以继续，但请一直开着本页，直到看到“您的选票已计入”，然后马上打印。",
      "not-issuing": "现在不发放投票凭证。投票可能还没有开始，或已经截止。",
      other: "出了问题，请稍后再试。",
      retry: "再试一次",
    },
    minutes: (minutes: number, seconds: number) =>
      minutes === 0
        ? `${seconds} 秒`
        : seconds === 0
          ? `${minutes} 分钟`
          : `${minutes} 分 ${seconds} 秒`,

    halt: {
      unknown: (edition: string) =>
        `这里没有名为“${edition}”的投票：网址可能有误，或二维码是以前的。请在下面选择。`,
      notYetTitle: "投票还没有开始",
      notYet: "请在开始以后再来。您可以先看看候选事项。",
      opens: (time: string) => `开始时间：${time}`,
      closedTitle: "投票已经截止",
      closed: "谢谢您的关心。结果和计票可以在这里查看：",
      toBoard: "查看计票和结果",
      elsewhereTitle: "投票已在另一个页面打开",
      elsewhere: "为了不出错，一次只能在一个页面里投票。要在这里继续，请按下面的按钮；另一个页面会停下。",
      here: "在这里继续",
      storageTitle: "这个浏览器不能保存您的记录",
      storage:
        "可能是无痕（隐私）模式，或存储空间已满。您的投票钥匙只能存在这部设备上；如果中途关闭本页，就不能再投票了。请改用普通模式，或换一个浏览器。",
      anyway: "我知道，仍要在这里投票",
      stayOpen: "本页什么也存不下：在看到“您的选票已计入”之前，请不要关闭。",
    },
  },
  en: {
    page: "Vote",
    notCounted: "Not counted yet",
    neverCounted: "Not counted",
    stepOf: (step: number) => `Step ${step} of 5: ${enSteps[step - 1]}`,
    steps: { 1: "Identity", 2: "Code", 3: "Choose", 4: "Cast", 5: "Counted" },
    stepsLabel: "Steps of voting",
    back: "Back",

    standing: {
      identify: "You have not voted yet. There are five steps; it counts when all are done.",
      code: "You have not voted yet. Enter the code, then choose.",
      select: "You have not voted yet. After choosing, you review and cast.",
      review: "You have not voted yet. Check your choice, then press “Cast my vote”.",
      casting: "Sending: not counted yet. Please keep this page open.",
      waiting: "The ballot is not confirmed yet; this page goes on sending it.",
      late: "Voting has closed, and this ballot did not arrive.",
      changing: "Your last vote still counts; the new choice is not counted yet.",
    },

    identify: {
      intro: (all: number, most: number) =>
        `${all} proposals: choose those that matter most to you, up to ${most}.`,
      title: "Step 1: who you are",
      identityNumber: "Identity number",
      identityHint: "18 characters; the last may be an X",
      phone: "Mobile number",
      phoneHint: "The code is sent to this number",
      next: "Get a code",
      empty: "Please fill this in.",
      secret: "Nobody learns who voted for what",
      secretWhy:
        "The registrar checks that you may vote and never sees your choice; the ballot box takes the ballot and never learns who you are. Your number is not kept on this phone.",
      counter: "I have no phone, but a sealed code from a counter",
      card: "I have a new phone and a recovery card",
      shortlist: (count: number) => `See the ${count} proposals first`,
      closes: (time: string) => `Voting closes ${time}`,
      aside: (count: number) =>
        count === 1
          ? "One more voter has a record on this phone"
          : `${count} more voters have records on this phone`,
      takeUp: "Open",
      somebodyElse: "Somebody else votes on this phone",
    },
    counter: {
      title: "With a code from a counter",
      lead: "Enter the code in the sealed envelope. It can be used once.",
      code: "Code in the envelope",
      codeHint: "Letters and digits, capitals or not",
      next: "Continue",
    },
    code: {
      title: "Step 2: enter the code",
      toRoll: "If you are on the roll, a code is on its way to the phone on record.",
      toPhone: "A code is on its way to your phone.",
      label: (digits: number) => `${digits}-digit code`,
      hint: (minutes: number, tries: number) => `Valid for ${minutes} minutes, ${tries} attempts`,
      next: "Confirm",
      none: "No code received?",
      noneWhy:
        "Please wait a minute, and look among blocked messages. If the phone on record is no longer yours, or you are not on the roll, go to a service counter.",
      again: "Send a new code",
      againIn: (seconds: number) => `A new code can be sent in ${seconds} s`,
      other: "Another number, or a code from a counter",
      failing:
        "Messages are failing at the moment. If none comes, try later, or get a code at a service counter.",
    },
    busy: {
      preparing: "Comparing the issuer's key and preparing your credential…",
      asking: "Asking for a code…",
      puzzling: "Many people are asking. Solving a puzzle; this takes some seconds to a minute…",
      redeeming: "Getting your credential…",
    },

    select: {
      title: "Step 3: choose what matters most to you",
      titleAgain: "Choose again",
      chosen: (chosen: number, most: number) => `${chosen} of ${most}`,
      atLeast: (count: number) => `Choose at least ${count}`,
      full: (most: number) => `You have chosen all ${most}. To take another, first remove one.`,
      search: "Search",
      searchHint: "e.g. lift",
      department: "Department",
      allDepartments: "All",
      order: "Order",
      own: "Shuffled",
      published: "As published",
      ownWhy: "Everyone sees another order, so that no place in the list is an advantage.",
      onlyChosen: "Chosen",
      shown: (count: number, all: number) => `${count} of ${all} shown`,
      nothing: "Nothing found.",
      showAll: "Show all",
      details: "Details",
      next: "Next: review",
      added: (title: string, chosen: number, most: number) =>
        `Chosen: ${title}. ${chosen} of ${most}`,
      removed: (title: string, chosen: number, most: number) =>
        `Removed: ${title}. ${chosen} of ${most}`,
    },
    review: {
      title: "Step 4: review, then cast",
      chosen: (count: number) => (count === 1 ? "You chose this one:" : `You chose these ${count}:`),
      more: (count: number) => `You may choose ${count} more, or cast as it is.`,
      change: "Go back and change",
      cast: "Cast my vote",
      after: "Then please wait until you see “Your vote is counted”.",
      last: "You can change your vote later: the last one counts.",
    },
    casting: {
      title: "Casting your vote…",
      wait: "Please wait; it takes a few seconds.",
      saved: "The ballot is kept on this device",
      signed: "The ballot is signed; it is in this page only",
      sent: "Sent to the ballot box",
      verified: "Receipt verified: your ballot is in the public log",
      done: "done",
      now: "under way",
      later: "waiting",
      failed: "failed",
      sendingAgain: "Sending again…",
      attempt: (count: number) => `attempt ${count}`,
      offline: "No connection",
      offlineWhy:
        "Your vote is not counted yet. It is kept on this device and will be sent when the connection is back.",
      offlineStay:
        "Your vote is not counted yet. It is in this page only: do not close it, and it will be sent when the connection is back.",
      unreachable: "The ballot box cannot be reached",
      unreachableWhy:
        "Your vote is not confirmed yet. This page sends the same ballot again by itself; it counts once.",
      busy: "Many people are voting now",
      busyWhy: "Your vote is not counted yet. This page tries again by itself; nothing counts twice.",
      unproven: "The receipt failed verification",
      unprovenWhy:
        "The server's receipt does not prove that your ballot is in the public log, so it cannot be said to be counted. Try again later; if it stays so, tell the election staff.",
      again: (time: string) => `Trying again in ${time}`,
      now_: "Try again now",
      keep: "If you must close this page, open it again on this device later: it goes on sending.",
      stay: "Do not close this page: this browser keeps nothing, so the ballot would be gone, and you could not vote any more.",
      closedTitle: "Voting has closed: this ballot was not counted",
      closedWhy:
        "The ballot box did not get it before the close. If you believe that it did, ask once more.",
      closedBefore: "The vote that you cast before still counts.",
      askAgain: "Ask once more",
      lastReceipt: "See the last receipt",
    },

    done: {
      title: "Your vote is counted",
      lead: "This page has verified that your ballot is in the public log, under the log's signature. Your name and number are not in it.",
      checkedEntry: "It is your ballot that was received",
      checkedProof: "The proof of inclusion is right",
      checkedSignature: "The log's signature is right",
      lastCounts: "You can change your vote: the last one counts.",
      until: (time: string) => `You can change it until voting closes, ${time}.`,
      change: "Change my vote",
      closed: "Voting has closed; it cannot be changed any more.",
      choices: (count: number) => (count === 1 ? "What you chose" : `The ${count} that you chose`),
      choicesHide: "Shown on this device only; do not show it to others.",
      receipt: "Your receipt",
      code: "Receipt code",
      codeWhy:
        "Write it down or print it. With it you can check at any time that your ballot is still in the log.",
      keepToYourself: (live: boolean): string =>
        live
          ? "Keep the receipt to yourself: ballots are published by number, so whoever has yours can look up what this ballot chose."
          : "Keep the receipt to yourself: after the close, ballots are published by number, so whoever has yours can look up what this ballot chose.",
      qr: "QR code of the receipt; scan it to check",
      download: "Download receipt",
      print: "Print receipt",
      copy: "Copy the code",
      check: "Check the receipt",
      board: "See the live tally",
      keep: "Keep a recovery card",
      keepWhy:
        "With it you can change your vote from another device, or after the browser was cleared. Without it, only from this device.",
      showCard: "Open the recovery card",
      saveNow: "Save recovery card and receipt now",
      saveNowWhy:
        "This browser keeps nothing. Once this page is closed, you cannot change your vote without the card, nor check it without the receipt.",
      saveReceiptNow: "Save the receipt now",
      saveReceiptNowWhy:
        "This browser keeps nothing. Once this page is closed, you cannot check your vote without the receipt.",
      others: "Same phone, next person",
      othersWhy: "Your family can vote with this phone too; your record stays here.",
      nextPerson: "Next person votes",
      forget: "This is not my device: erase my record",
      forgetWhy:
        "Your key, choices and receipt will be gone from this device. Your vote stays counted. To change it later, keep the recovery card first.",
      forgetYes: "Erase",
      forgetNo: "Do not erase",
    },
    card: {
      title: "Recovery card",
      warn: "Whoever has this card can vote in your place. Keep it like a PIN; send it to nobody.",
      what: "On another device, open the voting page, choose “I have a new phone and a recovery card”, and photograph or upload this card.",
      qr: "QR code of the recovery card: keep it secret",
      print: "Print the card",
      download: "Save as a file",
      edition: "Vote",
    },
    import: {
      title: "Go on with a recovery card",
      lead: "Photograph the printed card, choose the saved file, or paste the card's text.",
      picture: "Take or choose a picture",
      file: "Choose the card's file",
      paste: "Paste the card's text",
      next: "Continue",
      reading: "Reading…",
    },

    subscribe: {
      title: "Tell me the result",
      email: "E-mail address",
      why: "Used for notices about this vote only, apart from your ballot. Leave at any time.",
      send: "Subscribe",
      sending: "Sending…",
      done: "A confirmation was sent. Please open it and confirm.",
    },

    notices: {
      "wrong-code": (left: number) =>
        `The code is wrong or no longer valid. Check it and try again: ${left} left.`,
      "code-used-up": "This code was tried too often and is void. Please get a new one.",
      "wrong-counter-code": "The code is wrong or was used. Check the code and the number.",
      "type-again": "For a new code, enter your number again: this page did not keep it.",
      "card-read": "The recovery card was read. If you voted from another device, that vote counts until you vote here.",
      "card-unreadable": "This is no recovery card, or part of it is missing. Please try again.",
      "card-of-another-edition": "This recovery card is for another vote.",
      "card-invalid": "This recovery card is not valid: its credential is not of this vote's registrar.",
      "no-qr": "No QR code was found in the picture. Hold the camera steady and try again.",
      "credential-already-issued":
        "A device has got a credential in your name already. Use that device, or its recovery card. If that was not you, tell the registrar at once.",
      "too-many-requests": "Too many requests.",
      wait: (time: string) => `Please try again in ${time}.`,
      "wrong-issuer-title": "The issuer's keys differ: stopped",
      "wrong-issuer":
        "The registrar's issuer key is not the one in the public log. To protect your secret, this page stopped and sent nothing more. Please tell the election staff.",
      "wrong-log-title": "The public log is wrong: stopped",
      "wrong-log":
        "The log that the server shows is not the one this device remembers, or its proof fails. This page stopped and sent nothing more. Please tell the election staff.",
      unreachable: "The server cannot be reached. Check your connection and try again.",
      offline: "There is no connection. Try again when it is back.",
      unsolved: "The puzzle was not solved. Please try again.",
      "stale-seq":
        "A ballot that you cast on another device is counted. To replace it by the choice below, press “Cast my vote” once more.",
      "not-saved":
        "This device cannot keep your record. You may go on, but keep this page open until you see “Your vote is counted”, and print at once.",
      "not-issuing": "No credentials are issued now: voting has not begun, or has closed.",
      other: "Something went wrong. Please try again later.",
      retry: "Try again",
    },
    minutes: (minutes: number, seconds: number) =>
      minutes === 0
        ? `${seconds} s`
        : seconds === 0
          ? `${minutes} min`
          : `${minutes} min ${seconds} s`,

    halt: {
      unknown: (edition: string) =>
        `There is no vote named “${edition}” here: the address may be mistyped, or the QR code an old one. Please choose below.`,
      notYetTitle: "Voting has not opened yet",
      notYet: "Please come back when it has. You can look at the proposals now.",
      opens: (time: string) => `Opens ${time}`,
      closedTitle: "Voting has closed",
      closed: "Thank you for your interest. Tally and result are here:",
      toBoard: "See tally and result",
      elsewhereTitle: "Voting is open in another tab",
      elsewhere:
        "So that nothing goes wrong, you vote in one tab at a time. To go on here, press the button; the other one will stop.",
      here: "Go on here",
      storageTitle: "This browser keeps nothing",
      storage:
        "Perhaps it is in private mode, or its storage is full. Your voting key can only be kept on this device; if you closed this page on the way, you could not vote any more. Use a normal window, or another browser.",
      anyway: "I understand; vote here anyway",
      stayOpen: "This page keeps nothing: do not close it before you see “Your vote is counted”.",
    },
  },
});
