/** What several tests need: vectors written by other implementations and by `shared/`. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import type { Base64 } from "../src/lib/bytes";
import type { Receipt } from "../src/lib/views";

const VECTORS = resolve(import.meta.dirname, "../../tests/vectors");

/** A file of test vectors; its shape is believed. */
export function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(resolve(VECTORS, name), "utf8")) as T;
}

/** `tlog.json`: cross-checked against five implementations. */
export interface TlogVectors {
  readonly ct_leaves_hex: readonly string[];
  readonly ct_roots: Readonly<Record<string, string>>;
  readonly log: { readonly name: string; readonly pub: string; readonly vkey: string };
  readonly three: { readonly root3: string; readonly bundle: string };
  readonly checkpoint: string;
  readonly cosig_line: string;
  readonly consistency_2_3: readonly string[];
  readonly inclusion_1_of_3: readonly string[];
  readonly proof: string;
  readonly paths: Readonly<Record<string, string>>;
}

/** `web.json`: written from `shared/` by `tests/vectors/make_web.py`. Bytes are base64. */
export interface WebVectors {
  readonly vkey: string;
  readonly edition: string;
  readonly receipt: Receipt;
  readonly leaf: Base64;
  readonly root: Base64;
  readonly issuer: Base64;
  readonly message: Base64;
  readonly ballot: {
    readonly secret: Base64;
    readonly point: Base64;
    readonly credential: Base64;
    readonly seq: number;
    readonly choices: readonly string[];
    readonly salt: Base64;
    readonly commitment: Base64;
    readonly message: Base64;
    readonly signature: Base64;
  };
  /** Tiles and checkpoint by path. */
  readonly files: Readonly<Record<string, Base64>>;
  /** The signed checkpoint at size 293; the newest is at 294. */
  readonly checkpoint_293: string;
  /** Roots at earlier sizes. */
  readonly earlier: Readonly<Record<string, Base64>>;
}
