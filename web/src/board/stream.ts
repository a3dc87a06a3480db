/**
 * Follows the tally's stream for as long as the page is open.
 *
 * By `fetch`, not `EventSource`: that hides the comments by which the tally says that it is still
 * there, gives no say in when it connects again, and stays silent for ever when a line goes dead.
 * After a loss the pauses double, and are never the same for all who lost the tally at once.
 */

import { sleep } from "../lib/http";
import type { TallySnapshot } from "../lib/views";
import { clockOff } from "./clock";
import { EventReader } from "./sse";

/** The tally says something at least every 12 s. */
export const SILENCE_S = 40;
const CONNECT_S = 15;
const FIRST_PAUSE_S = 1;
const LONGEST_PAUSE_S = 20;

export interface Follower {
  /** Anything arrived, if only a sign of life. */
  heard(): void;
  /** The tally said what time it is: how far this device's clock is off, in milliseconds. */
  clockOff(off: number): void;
  snapshot(snapshot: TallySnapshot): void;
  /** The connection was lost, or there was none; `status` if the tally answered. */
  lost(status: number | undefined): void;
}

export interface Rhythm {
  readonly silenceS: number;
  readonly pause: (attempt: number) => number;
}

export const RHYTHM: Rhythm = { silenceS: SILENCE_S, pause: pauseOf };

/** Follow until the signal is aborted. */
export async function follow(
  url: string,
  follower: Follower,
  signal: AbortSignal,
  rhythm: Rhythm = RHYTHM,
): Promise<void> {
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    const heardBefore = { any: false };
    const status = await listen(url, follower, signal, rhythm.silenceS, heardBefore);
    if (signal.aborted) return;
    follower.lost(status);
    if (heardBefore.any) attempt = 1;
    await pause(rhythm.pause(attempt), signal);
  }
}

/** Between half of it and all of it: 1, 2, 4 ... 20 s. */
export function pauseOf(attempt: number): number {
  const longest = Math.min(FIRST_PAUSE_S * 2 ** (attempt - 1), LONGEST_PAUSE_S);
  return longest * (0.5 + Math.random() / 2);
}

async function listen(
  url: string,
  follower: Follower,
  signal: AbortSignal,
  silenceS: number,
  heard: { any: boolean },
): Promise<number | undefined> {
  const limit = new AbortController();
  const stop = () => limit.abort();
  signal.addEventListener("abort", stop);
  let timer = setTimeout(stop, CONNECT_S * 1000);
  const stillThere = () => {
    clearTimeout(timer);
    timer = setTimeout(stop, silenceS * 1000);
  };
  const asked = Date.now();
  try {
    const response = await fetch(url, { signal: limit.signal, cache: "no-store", credentials: "omit" });
    if (!response.ok || !response.body) return response.status;
    await read(response.body, follower, asked, () => {
      heard.any = true;
      stillThere();
    });
  } catch {
    // whatever ended the connection, the next one is tried
  } finally {
    clearTimeout(timer);
    limit.abort();
    signal.removeEventListener("abort", stop);
  }
  return undefined;
}

async function read(
  body: ReadableStream<Uint8Array>,
  follower: Follower,
  asked: number,
  stillThere: () => void,
): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const events = new EventReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    stillThere();
    follower.heard();
    let newest: string | undefined;
    for (const said of events.push(decoder.decode(value, { stream: true }))) {
      if ("data" in said) newest = said.data;
      const off = "comment" in said ? clockOff(said.comment, asked, Date.now()) : undefined;
      if (off !== undefined) follower.clockOff(off);
    }
    if (newest !== undefined) follower.snapshot(JSON.parse(newest) as TallySnapshot);
  }
}

/** Shorter when the device says that it is connected again. */
async function pause(seconds: number, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const end = () => over.abort();
  addEventListener("online", end);
  signal.addEventListener("abort", end);
  try {
    await sleep(seconds, over.signal);
  } catch {
    // ended early
  } finally {
    removeEventListener("online", end);
    signal.removeEventListener("abort", end);
  }
}
