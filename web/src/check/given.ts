/** What somebody hands in to be checked: a saved receipt, a link or its digits, or a short code. */

import {
  parseReceiptDigits,
  parseShortCode,
  type CompactReceipt,
  type ShortCode,
} from "../lib/receiptcode";
import { BadReceipt, parseReceipt } from "../lib/receipt";
import type { Receipt } from "../lib/views";

export type Given =
  | { readonly kind: "full"; readonly receipt: Receipt }
  | { readonly kind: "compact"; readonly receipt: CompactReceipt }
  | { readonly kind: "short"; readonly code: ShortCode };

/** What this text is, not verified yet; throws `BadReceipt`. */
export function readGiven(text: string): Given {
  const trimmed = text.trim().replace(/^\uFEFF/, "");
  if (trimmed.startsWith("{")) return { kind: "full", receipt: parseReceipt(trimmed) };
  const digits = digitsIn(trimmed);
  if (digits) return { kind: "compact", receipt: parseReceiptDigits(digits) };
  const code = parseShortCode(trimmed);
  if (code) return { kind: "short", code };
  throw new BadReceipt("unreadable", "it is no receipt, no receipt's link and no receipt's code");
}

/** The digits that the page's address has after `#r=`. */
export function digitsInAddress(hash: string = location.hash): string | undefined {
  return /^#r=(.*)$/.exec(hash)?.[1];
}

function digitsIn(text: string): string | undefined {
  const linked = /#r=([0-9]*)\s*$/.exec(text)?.[1];
  if (linked !== undefined) return linked;
  const plain = text.replace(/\s+/g, "");
  return /^[0-9]{60,}$/.test(plain) ? plain : undefined;
}
