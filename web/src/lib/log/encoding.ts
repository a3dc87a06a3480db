/** Decimals and base64 as the C2SP formats write them: one spelling for each value. */

import { fromBase64, shorten, type Bytes } from "../bytes";
import { LogFormatError } from "./errors";

/** A decimal without leading zeros, up to 2^53 - 1: more entries than any log here will have. */
export function parseDecimal(text: string): number {
  const value = /^(0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value)) {
    throw new LogFormatError(`${shorten(text)} is no decimal number without leading zeros`);
  }
  return value;
}

/** Canonical base64; throws `LogFormatError`. */
export function parseBase64(text: string): Bytes {
  try {
    return fromBase64(text);
  } catch (error) {
    throw new LogFormatError(error instanceof Error ? error.message : String(error));
  }
}
