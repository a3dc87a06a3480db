/**
 * Two languages, Chinese first. A table of texts that lacks one in either does not compile.
 *
 *     const texts = defineTexts({ zh: { left: (n: number) => `还可选 ${n} 项` }, en: { … } });
 *     const t = useTexts(texts);   // in a component; it is drawn again when the language changes
 *     t.left(3)
 */

import { useEffect, useState } from "preact/hooks";

import type { Problem } from "./http";
import type { Text } from "./views";

export type Language = "zh" | "en";

type Same<T> = {
  [K in keyof T]: T[K] extends (...values: infer V) => infer R
    ? (...values: V) => R
    : T[K] extends string
      ? string
      : Same<T[K]>;
};

export interface Texts<T> {
  readonly zh: T;
  readonly en: Same<T>;
}

/** A table of texts: strings, functions of values that give a string, or tables of these. */
export function defineTexts<T extends object>(texts: Texts<T>): Texts<T> {
  return texts;
}

const KEPT = "huimin-language";
const TAGS = { zh: "zh-CN", en: "en" } as const;
const listeners = new Set<() => void>();
let current: Language = chosenBefore() ?? "zh";

/** The language of the page. */
export function language(): Language {
  return current;
}

/** Changes the language of the page, and of the next visit where the device keeps it. */
export function setLanguage(next: Language): void {
  current = next;
  document.documentElement.lang = TAGS[next];
  try {
    localStorage.setItem(KEPT, next);
  } catch {
    // a device that keeps nothing: the choice holds for this visit
  }
  for (const listener of listeners) listener();
}

/** The language, for a component that is drawn again when it changes. */
export function useLanguage(): Language {
  const [shown, show] = useState(current);
  useEffect(() => {
    const listener = () => show(current);
    listeners.add(listener);
    listener();
    return () => {
      listeners.delete(listener);
    };
  }, []);
  return shown;
}

/** The texts in the page's language. */
export function useTexts<T>(texts: Texts<T>): Same<T> {
  const shown = useLanguage();
  return textsIn(texts, shown);
}

/** The texts in a language. */
export function textsIn<T>(texts: Texts<T>, shown: Language = current): Same<T> {
  return shown === "zh" ? (texts.zh as Same<T>) : texts.en;
}

/** A public text of the log, in a language. */
export function inLanguage(text: Text, shown: Language = current): string {
  return text[shown];
}

/** What went wrong and what to do next, as the service says it. */
export function problemTexts(
  problem: Problem,
  shown: Language = current,
): { title: string; next: string } {
  return shown === "zh"
    ? { title: problem.title_zh, next: problem.next_zh }
    : { title: problem.title, next: problem.next };
}

// A format costs far more to make than to use.
const times = new Map<string, Intl.DateTimeFormat>();

/** A whole number with a comma after each three digits, as both languages write it. */
export function formatNumber(value: number): string {
  // Not by Intl, which takes a phone longer to load than all the numbers of a page.
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A moment in the city's time zone: people read it on the clock of the city hall. */
export function formatTime(
  time: string | number | Date,
  style: Intl.DateTimeFormatOptions = { dateStyle: "medium", timeStyle: "short" },
  shown: Language = current,
): string {
  const key = shown + JSON.stringify(style);
  let format = times.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(TAGS[shown], { timeZone: "Asia/Shanghai", ...style });
    times.set(key, format);
  }
  return format.format(new Date(time));
}

function chosenBefore(): Language | undefined {
  try {
    const kept = localStorage.getItem(KEPT);
    return kept === "zh" || kept === "en" ? kept : undefined;
  } catch {
    return undefined;
  }
}
