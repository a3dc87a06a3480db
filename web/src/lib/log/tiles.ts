/**
 * Tiles and bundles (C2SP tlog-tiles): what they are called, what they hold, and nodes read from
 * them. Fetching is the caller's. What tiles say is believed here; proofs made of it are verified.
 */

import type { Bytes } from "../bytes";
import { BadTile } from "./errors";
import { HASH_SIZE, nodeHash, type Hash } from "./merkle";
import type { NodeReader } from "./proofs";

const HEIGHT = 8;
export const TILE_WIDTH = 256;

/** Path of a tile or bundle below the log's prefix, such as `tile/0/x001/000.p/17`. */
export function tilePath(kind: number | "entries" | "openings", n: number, width: number): string {
  const digits = String(n);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/.{3}/g) ?? [];
  const index = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join("/");
  return `tile/${kind}/${index}${width === TILE_WIDTH ? "" : `.p/${width}`}`;
}

/** Width of tile `n` at a tile level of the tree of `size` leaves. */
export function tileWidth(level: number, n: number, size: number): number {
  return Math.min(TILE_WIDTH, Math.floor(size / 2 ** (HEIGHT * level)) - TILE_WIDTH * n);
}

/** A `NodeReader` for the tree of `size` leaves over a function that fetches a path. */
export function tileNodes(size: number, fetch: (path: string) => Promise<Bytes>): NodeReader {
  const loaded = new Map<string, Promise<Hash[][]>>();
  return async (level, index) => {
    const tileLevel = Math.floor(level / HEIGHT);
    const height = level % HEIGHT;
    const across = 2 ** (HEIGHT - height);
    const n = Math.floor(index / across);
    const path = tilePath(tileLevel, n, tileWidth(tileLevel, n, size));
    const rows = loaded.get(path) ?? load(path, tileWidth(tileLevel, n, size), fetch);
    loaded.set(path, rows);
    const node = (await rows)[height]?.[index % across];
    if (!node) throw new BadTile(`${path} has no node ${index} at level ${level}`);
    return node;
  };
}

/** A tile's complete nodes, by height above its hashes. */
async function load(
  path: string,
  width: number,
  fetch: (path: string) => Promise<Bytes>,
): Promise<Hash[][]> {
  const data = await fetch(path);
  if (data.length !== HASH_SIZE * width) throw new BadTile(`${path} has ${data.length} bytes`);
  let row: Hash[] = [];
  for (let at = 0; at < data.length; at += HASH_SIZE) row.push(data.slice(at, at + HASH_SIZE));
  const rows = [row];
  while (row.length > 1) {
    const pairs = Array.from({ length: Math.floor(row.length / 2) }, (_, i) => i);
    row = await Promise.all(pairs.map((i) => nodeHash(row[2 * i] as Hash, row[2 * i + 1] as Hash)));
    rows.push(row);
  }
  return rows;
}

/** The records of a bundle: each is a length in two bytes, big-endian, then its bytes. */
export function decodeBundle(data: Bytes): Bytes[] {
  const records: Bytes[] = [];
  let at = 0;
  while (at < data.length && records.length < TILE_WIDTH) {
    const start = at + 2;
    at = start + ((data[at] as number) << 8) + (data[at + 1] ?? 0);
    if (start > data.length || at > data.length) throw new BadTile("a record runs past the bundle");
    records.push(data.slice(start, at));
  }
  if (at < data.length || records.length === 0) throw new BadTile("a bundle has 1 to 256 records");
  return records;
}
