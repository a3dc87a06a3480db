/** How far this device's clock is from the tally's. Pure: times are milliseconds since 1970. */

const CLEARLY_MS = 5_000;
const UNSURE_MS = 30_000;
const CLOCK = /^clock (\S+)$/;

/**
 * What to add to this device's clock, by the comment with which a stream begins: 0 unless it is
 * clearly wrong. Undefined if the comment says no time, or came too long after the question.
 */
export function clockOff(comment: string, asked: number, heard: number): number | undefined {
  const told = CLOCK.exec(comment)?.[1];
  const took = heard - asked;
  // What lay in the buffers of a device that slept says nothing about now.
  if (told === undefined || took < 0 || took > UNSURE_MS) return undefined;
  // As in NTP: the tally read its clock somewhere between question and answer.
  const off = Date.parse(told) - (asked + heard) / 2;
  return Math.abs(off) > Math.max(CLEARLY_MS, took / 2) ? off : 0;
}
