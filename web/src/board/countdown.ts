/** Time left, in whole units. Pure. */

export interface TimeLeft {
  readonly days: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
}

/** Until `end`; undefined once it is over. Both in milliseconds. */
export function timeLeft(end: number, now: number): TimeLeft | undefined {
  const left = Math.ceil((end - now) / 1000);
  if (left <= 0) return undefined;
  return {
    days: Math.floor(left / 86_400),
    hours: Math.floor(left / 3600) % 24,
    minutes: Math.floor(left / 60) % 60,
    seconds: left % 60,
  };
}
