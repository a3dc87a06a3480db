/** The turnout curve by uPlot; in a file of its own, so that it is loaded only when it is shown. */

import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import { formatNumber, formatTime, type Language } from "../lib/i18n";

export interface Plot {
  show(data: [number[], number[]]): void;
  remove(): void;
}

interface Look {
  readonly language: Language;
  readonly large: boolean;
}

const DAY_S = 86_400;
const JADE = "#0b6b57";
const LINE = "#dad6ca";
const INK = "#3c4743";

/** A curve that fills `place`, of seconds and totals. */
export function drawPlot(place: HTMLElement, data: [number[], number[]], look: Look): Plot {
  const plot = new UPlot(options(place, look), data, place);
  const fit = new ResizeObserver(() => plot.setSize(sizeOf(place)));
  fit.observe(place);
  return {
    show: (next) => plot.setData(next),
    remove: () => {
      fit.disconnect();
      plot.destroy();
    },
  };
}

function options(place: HTMLElement, { language, large }: Look): UPlot.Options {
  const px = large ? 24 : 13;
  const axis = {
    stroke: INK,
    font: `${px}px ${getComputedStyle(document.body).fontFamily}`,
    grid: { stroke: LINE, width: 1 },
    ticks: { stroke: LINE, width: 1, size: 6 },
  };
  const times = (plot: UPlot, splits: number[]) => {
    const { min = 0, max = 0 } = plot.scales.x ?? {};
    return splits.map((at) => timeLabel(at, (max ?? 0) - (min ?? 0), language));
  };
  return {
    ...sizeOf(place),
    padding: [px, px * 2, 0, 0],
    tzDate: (at) => UPlot.tzDate(new Date(at * 1000), "Asia/Shanghai"),
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(5, max * 1.08)] } },
    axes: [
      { ...axis, values: times, space: px * 6, size: px * 1.6 + 6 },
      {
        ...axis,
        values: (_plot, splits) => splits.map((at) => formatNumber(at)),
        incrs: [1, 2, 5].flatMap((n) => [0, 1, 2, 3, 4, 5, 6, 7].map((e) => n * 10 ** e)).sort((a, b) => a - b),
        space: px * 1.7,
        size: (_plot, values) => 14 + px * 0.62 * Math.max(3, ...(values ?? []).map((v) => v.length)),
      },
    ],
    series: [
      {},
      { stroke: JADE, width: large ? 5 : 3, fill: "rgb(11 107 87 / 12%)", points: { show: false } },
    ],
  };
}

/** The day at midnight and over long times, else the hour; in the city's time. */
function timeLabel(at: number, spanS: number, language: Language): string {
  const hour = formatTime(at * 1000, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, language);
  if (hour !== "00:00" && spanS < 4 * DAY_S) return hour;
  return formatTime(at * 1000, { month: "numeric", day: "numeric" }, language);
}

function sizeOf(place: HTMLElement): { width: number; height: number } {
  return { width: Math.max(160, place.clientWidth), height: Math.max(120, place.clientHeight) };
}
