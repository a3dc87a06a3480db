/**
 * Signed notes: text with the signatures of named Ed25519 keys (C2SP signed-note).
 *
 * Signatures of the log's own key are looked at; those of others, such as witnesses, are ignored.
 */

import { concat, equal, fromUtf8, sha256, shorten, toBase64, toHex, utf8, type Bytes } from "../bytes";
import { verifyEd25519 } from "./ed25519";
import { parseBase64 } from "./encoding";
import { BadKey, BadNote, LogFormatError } from "./errors";

export const MAX_NOTE_BYTES = 1_000_000;
const MAX_SIGNATURES = 100;
const ED25519 = 1;
const KEY_SIZE = 32;
const KEY_ID_SIZE = 4;
const NAME = /^[^\s+\x00-\x1f]+$/;
const CONTROL = /[\x00-\x09\x0b-\x1f]/;
const SIGNATURE = /^\u2014 ([^\s+\x00-\x1f]+) ([^ ]+)$/;

/** A named Ed25519 key that verifies notes. `vkey` is the key as text: what people compare. */
export interface Verifier {
  readonly name: string;
  readonly publicKey: Bytes;
  readonly keyId: Bytes;
  readonly vkey: string;
}

/** The verifier of a log's origin and 32-byte key; throws `BadKey`. */
export async function makeVerifier(name: string, publicKey: Bytes): Promise<Verifier> {
  if (!NAME.test(name)) throw new BadKey(`${shorten(name)} is no key name`);
  if (publicKey.length !== KEY_SIZE) throw new BadKey(`a key has ${KEY_SIZE} bytes`);
  const typed = concat(Uint8Array.of(ED25519), publicKey);
  const keyId = (await sha256(utf8(`${name}\n`), typed)).slice(0, KEY_ID_SIZE);
  return { name, publicKey, keyId, vkey: `${name}+${toHex(keyId)}+${toBase64(typed)}` };
}

/** Reads `<name>+<hex of key id>+<base64 of type and public key>`; throws `BadKey`. */
export async function parseVkey(vkey: string): Promise<Verifier> {
  // The base64 may have a plus as well, so only the first two separate.
  const match = /^([^+]+)\+([^+]+)\+(.+)$/.exec(vkey);
  if (!match) throw new BadKey(`${shorten(vkey)} is not <name>+<key id>+<key>`);
  const [, name, , encoded] = match as unknown as [string, string, string, string];
  let key: Bytes;
  try {
    key = parseBase64(encoded);
  } catch (error) {
    throw new BadKey(`verifier key of ${shorten(name)}: ${(error as Error).message}`);
  }
  if (key.length !== 1 + KEY_SIZE || key[0] !== ED25519) {
    throw new BadKey(`verifier key of ${shorten(name)} is no Ed25519 key`);
  }
  const verifier = await makeVerifier(name, key.slice(1));
  if (verifier.vkey !== vkey) throw new BadKey(`${shorten(vkey)} has another key's id`);
  return verifier;
}

/** The text of a note that this key signed; throws `BadNote`. */
export async function openNote(note: Uint8Array, verifier: Verifier): Promise<string> {
  const { text, lines } = split(note);
  let signed = false;
  for (const line of lines) {
    const { name, keyId, signature } = parseSignature(line);
    if (name !== verifier.name || !equal(keyId, verifier.keyId)) continue;
    if (!(await verifyEd25519(verifier.publicKey, utf8(text), signature))) {
      throw new BadNote(`the signature of ${shorten(name)} does not fit the note's text`);
    }
    signed = true;
  }
  if (!signed) throw new BadNote(`the note has no signature of the key of ${shorten(verifier.name)}`);
  return text;
}

/** A note of this text with one signature (64 bytes) of this key; it is not verified here. */
export function formatNote(text: string, verifier: Verifier, signature: Bytes): Bytes {
  const encoded = toBase64(concat(verifier.keyId, signature));
  return utf8(`${text}\n\u2014 ${verifier.name} ${encoded}\n`);
}

/** The signature of this key in a note, unverified; throws `BadNote` if there is none. */
export function signatureIn(note: Uint8Array, verifier: Verifier): Bytes {
  for (const line of split(note).lines) {
    const { name, keyId, signature } = parseSignature(line);
    if (name === verifier.name && equal(keyId, verifier.keyId)) return signature;
  }
  throw new BadNote(`the note has no signature of the key of ${shorten(verifier.name)}`);
}

function split(note: Uint8Array): { text: string; lines: string[] } {
  if (note.length > MAX_NOTE_BYTES) throw new BadNote("the note is too long");
  let content: string;
  try {
    content = fromUtf8(note);
  } catch {
    throw new BadNote("the note is not UTF-8");
  }
  if (CONTROL.test(content)) throw new BadNote("the note has a control character");
  const blank = content.lastIndexOf("\n\n");
  if (blank < 0) throw new BadNote("the note has no blank line between text and signatures");
  const lines = content.slice(blank + 2).split("\n");
  if (lines.pop() !== "" || lines.length === 0) {
    throw new BadNote("the note does not end in a signature line and its newline");
  }
  if (lines.length > MAX_SIGNATURES) throw new BadNote("the note has too many signatures");
  return { text: content.slice(0, blank + 1), lines };
}

function parseSignature(line: string): { name: string; keyId: Bytes; signature: Bytes } {
  const [, name, encoded] = SIGNATURE.exec(line) ?? [];
  if (!name || !encoded) throw new BadNote(`${shorten(line)} is not the signature line of a note`);
  let bytes: Bytes;
  try {
    bytes = parseBase64(encoded);
  } catch (error) {
    if (!(error instanceof LogFormatError)) throw error;
    throw new BadNote(`signature of ${shorten(name)}: ${error.message}`);
  }
  if (bytes.length <= KEY_ID_SIZE) throw new BadNote(`the signature of ${shorten(name)} is empty`);
  return { name, keyId: bytes.slice(0, KEY_ID_SIZE), signature: bytes.slice(KEY_ID_SIZE) };
}
