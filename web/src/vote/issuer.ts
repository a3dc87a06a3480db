/**
 * The issuer's key: the registrar's, compared with the one in the edition's log.
 *
 * A registrar that gave someone a key of their own could recognise their credential later. So the
 * key is read from the log itself, with a proof that leads to a checkpoint that the log's key
 * signed, before anything is blinded or sent. Not here: that officers signed the event; an audit
 * does that.
 */

import { readLog, showRegistration } from "../lib/api";
import { fromBase64, fromUtf8, type Base64, type Bytes } from "../lib/bytes";
import { identifyLog, WrongLog } from "../lib/knownlogs";
import { LogFormatError } from "../lib/log/errors";
import { leafHash } from "../lib/log/merkle";
import { makeVerifier, type Verifier } from "../lib/log/note";
import { decodeBundle, tilePath, tileWidth } from "../lib/log/tiles";
import { decodeProof, verifyProof } from "../lib/log/tlogproof";
import { decodeEvent } from "../lib/receipt";
import type { Services } from "../lib/services";
import { NoStorage } from "../lib/store";
import type { EditionView, LogEvent, Registration } from "../lib/views";

/** Somebody waits for it, and may ask again. */
const SOME = { attempts: 3 };

/** Before the roll come the announcement and the shortlist, each once. */
const FIRST_FEW = 8;

/** Issuer keys proven to be in logs, by the logs' keys. */
const known = new Map<string, Base64>();

/** The registrar would sign with another key than the log says: nothing was blinded or sent. */
export class WrongIssuer extends Error {
  override name = "WrongIssuer";
}

/** What an edition's log says of it, verified. */
export interface Committed {
  readonly verifier: Verifier;
  readonly issuerKey: Base64;
  readonly registration: Registration;
}

/** The issuer's key that log and registrar agree on; throws `WrongIssuer`, `WrongLog`. */
export async function committedIssuer(services: Services, edition: EditionView): Promise<Committed> {
  const verifier = await verifierOf(edition);
  const [registration, issuerKey] = await Promise.all([
    showRegistration(services, edition.edition, SOME),
    knownIssuer(services, edition, verifier),
  ]);
  if (registration.issuer_key !== issuerKey) {
    throw new WrongIssuer("the registrar's issuer key is not the one in the log");
  }
  return { verifier, issuerKey, registration };
}

/** The key of the edition's log: the one that this device has pinned, where it can keep one. */
export async function verifierOf(edition: EditionView): Promise<Verifier> {
  try {
    return (await identifyLog(edition)).verifier;
  } catch (error) {
    if (!(error instanceof NoStorage)) throw error;
    const { origin, key } = edition.manifest.log;
    return makeVerifier(origin, fromBase64(key));
  }
}

/** As `issuerInLog`, which is asked once: what a log has committed to does not change. */
async function knownIssuer(
  services: Services,
  edition: EditionView,
  verifier: Verifier,
): Promise<Base64> {
  const issuer = known.get(verifier.vkey) ?? (await issuerInLog(services, edition, verifier));
  known.set(verifier.vkey, issuer);
  return issuer;
}

/** The issuer's key in the log's `RollCommitted`, proven to be there. */
async function issuerInLog(
  services: Services,
  edition: EditionView,
  verifier: Verifier,
): Promise<Base64> {
  try {
    // Ballots come only after it, so that it is within the first few entries.
    const bundle = tilePath("entries", 0, Math.min(FIRST_FEW, tileWidth(0, 0, edition.size)));
    const entries = decodeBundle(await readLog(services, edition.edition, bundle, SOME));
    const index = entries.findIndex((entry) => decodeEvent(entry).event === "RollCommitted");
    const entry = entries[index];
    if (!entry) throw new WrongLog("no roll was committed in the log");
    await prove(services, edition.edition, index, entry, verifier);
    const event = decodeEvent(entry) as LogEvent & { readonly issuer_key: Base64 };
    if (event.edition !== edition.edition) throw new WrongLog("the log is another edition's");
    return event.issuer_key;
  } catch (error) {
    if (!(error instanceof LogFormatError)) throw error;
    throw new WrongLog(`the log does not prove its entries: ${error.message}`);
  }
}

async function prove(
  services: Services,
  edition: string,
  index: number,
  entry: Bytes,
  verifier: Verifier,
): Promise<void> {
  const proof = decodeProof(fromUtf8(await readLog(services, edition, `proof/${index}`, SOME)));
  await verifyProof(proof, await leafHash(entry), verifier);
  if (proof.index !== index) throw new WrongLog(`the log proves entry ${proof.index}, not ${index}`);
}
