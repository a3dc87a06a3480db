/**
 * The big screen in city hall: both languages at once, nothing to scroll, no sleep.
 *
 * The button enters it; an address ending in `&screen=hall` opens in it, for a screen that starts by
 * itself. Whatever leaves full screen (Esc, too) leaves it.
 */

import { createContext, type ComponentChildren } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";

import { textsIn, useLanguage, type Language } from "../lib/i18n";
import { board, type BoardTexts } from "./texts";

const Hall = createContext(false);

export const HallMode = Hall.Provider;

export function useHall(): boolean {
  return useContext(Hall);
}

/** Whether the page is in hall mode, and how to change that. */
export function useHallSwitch(): [boolean, (on: boolean) => void] {
  const [on, set] = useState(() => /[#&]screen=hall\b/.test(location.hash));
  useEffect(() => {
    document.documentElement.classList.toggle("hall", on);
    return () => document.documentElement.classList.remove("hall");
  }, [on]);
  useEffect(() => {
    const leave = () => document.fullscreenElement || set(false);
    document.addEventListener("fullscreenchange", leave);
    return () => document.removeEventListener("fullscreenchange", leave);
  }, []);
  useWakefulness(on);
  const change = (next: boolean) => {
    set(next);
    const done = next
      ? document.documentElement.requestFullscreen?.()
      : document.fullscreenElement && document.exitFullscreen();
    // Where a browser has no full screen to give, the page fills the window.
    done?.catch(() => undefined);
  };
  return [on, change];
}

/** A text in the page's language, and in the hall in the other one below it. */
export function Both({ of }: { readonly of: (t: BoardTexts) => string }) {
  const shown = useLanguage();
  return <BothOf zh={of(textsIn(board, "zh"))} en={of(textsIn(board, "en"))} shown={shown} />;
}

/** The same for a public text. */
export function BothOf({ zh, en, shown }: { zh: string; en: string; shown: Language }) {
  const hall = useHall();
  const [first, second] = shown === "zh" ? [zh, en] : [en, zh];
  if (!hall || first === second) return <>{first}</>;
  return (
    <>
      <span class="first">{first}</span>
      <span class="second" lang={shown === "zh" ? "en" : "zh-CN"}>
        {second}
      </span>
    </>
  );
}

/** Shown outside the hall only: what people operate. */
export function NotInHall({ children }: { readonly children: ComponentChildren }) {
  return useHall() ? null : <>{children}</>;
}

function useWakefulness(on: boolean): void {
  useEffect(() => {
    if (!on || !("wakeLock" in navigator)) return undefined;
    let lock: WakeLockSentinel | undefined;
    const stayAwake = () => {
      if (document.visibilityState !== "visible") return;
      navigator.wakeLock.request("screen").then(
        (got) => {
          lock = got;
        },
        () => undefined, // a device on low battery refuses; the screen's own settings hold
      );
    };
    stayAwake();
    document.addEventListener("visibilitychange", stayAwake);
    return () => {
      document.removeEventListener("visibilitychange", stayAwake);
      void lock?.release();
    };
  }, [on]);
}
