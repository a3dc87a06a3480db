/** The ranking as a picture, to print or to send on. Says itself when and of which log it is. */

import { formatNumber, formatTime, inLanguage, language, textsIn } from "../lib/i18n";
import type { EditionView, TallySnapshot } from "../lib/views";
import { shortRoot, statedHead } from "./checkpoint";
import { rank, type Standing } from "./ranking";
import { board } from "./texts";

const WIDTH = 1920;
const MARGIN = 96;
const HEAD = 250;
const ROW = 72;
const FOOT = 130;
const NAMES = 760;
const COUNT = 170;
const COLOURS: Record<Standing, string> = { in: "#0b6b57", tied: "#b98116", out: "#8b918d" };
const INK = "#17211e";
const MUTED = "#55605c";

export function drawPicture(view: EditionView, snapshot: TallySnapshot): HTMLCanvasElement {
  const ranking = rank(snapshot.counts ?? [], view.manifest.seats, snapshot.result);
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = HEAD + ROW * ranking.rows.length + FOOT;
  const pen = canvas.getContext("2d") as CanvasRenderingContext2D;
  pen.fillStyle = "#f6f4ee";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.textBaseline = "middle";
  drawHead(pen, view, snapshot);
  const titles = new Map(view.initiatives.map((one) => [one.id, inLanguage(one.title)]));
  const length = WIDTH - 2 * MARGIN - 70 - NAMES - COUNT;
  ranking.rows.forEach((row, place) => {
    const y = HEAD + ROW * place + ROW / 2;
    write(pen, String(row.rank), MARGIN, y, { size: 34, colour: MUTED });
    write(pen, titles.get(row.id) ?? row.id, MARGIN + 70, y, { size: 34, width: NAMES - 30 });
    pen.fillStyle = COLOURS[row.standing];
    const bar = Math.max(4, (length * row.ballots) / Math.max(1, ranking.most));
    pen.fillRect(MARGIN + 70 + NAMES, y - 19, bar, 38);
    write(pen, formatNumber(row.ballots), WIDTH - MARGIN, y, { size: 34, align: "right" });
  });
  drawLine(pen, HEAD + ROW * (ranking.chosen + ranking.tied));
  drawFoot(pen, snapshot, canvas.height - FOOT / 2 + 10);
  return canvas;
}

interface Style {
  readonly size: number;
  readonly colour?: string;
  readonly align?: CanvasTextAlign;
  readonly width?: number;
  readonly bold?: boolean;
}

function write(pen: CanvasRenderingContext2D, text: string, x: number, y: number, style: Style) {
  const family = getComputedStyle(document.body).fontFamily;
  pen.font = `${style.bold ? "bold " : ""}${style.size}px ${family}`;
  pen.fillStyle = style.colour ?? INK;
  pen.textAlign = style.align ?? "left";
  pen.fillText(fitted(pen, text, style.width), x, y);
}

/** As much of the text as there is room for. */
function fitted(pen: CanvasRenderingContext2D, text: string, width = Infinity): string {
  if (pen.measureText(text).width <= width) return text;
  const characters = [...text];
  while (characters.length > 1 && pen.measureText(`${characters.join("")}…`).width > width) {
    characters.pop();
  }
  return `${characters.join("")}…`;
}

function drawHead(pen: CanvasRenderingContext2D, view: EditionView, snapshot: TallySnapshot) {
  const t = textsIn(board);
  const room = WIDTH - 2 * MARGIN;
  write(pen, inLanguage(view.manifest.title), MARGIN, 92, { size: 60, bold: true, width: room });
  const status = snapshot.result
    ? snapshot.result.certified
      ? t.resultCertified
      : t.resultCounted
    : t.rankingNow;
  const voters = `${t.voters} ${formatNumber(snapshot.voters)}`;
  write(pen, `${status} · ${voters}`, MARGIN, 172, { size: 34, colour: MUTED, width: room });
}

function drawLine(pen: CanvasRenderingContext2D, y: number) {
  pen.strokeStyle = "#b4281e";
  pen.lineWidth = 4;
  pen.setLineDash([18, 10]);
  pen.beginPath();
  pen.moveTo(MARGIN, y);
  pen.lineTo(WIDTH - MARGIN, y);
  pen.stroke();
}

function drawFoot(pen: CanvasRenderingContext2D, snapshot: TallySnapshot, y: number) {
  const t = textsIn(board);
  const head = statedHead(snapshot.checkpoint);
  const log = `${t.logSize} ${formatNumber(snapshot.size)}`;
  const root = head ? ` · ${t.checkpoint} ${shortRoot(head.root)}` : "";
  const time = t.asOf(formatTime(snapshot.time, { dateStyle: "medium", timeStyle: "medium" }));
  write(pen, `${time} · ${log}${root} · ${language() === "zh" ? "惠民" : "Huimin"}`, MARGIN, y, {
    size: 26,
    colour: MUTED,
    width: WIDTH - 2 * MARGIN,
  });
}
