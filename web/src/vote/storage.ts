/**
 * Where what a voter keeps is kept: one record for each edition and person on this device.
 *
 * Each save states the version that it replaces: of two tabs that go on from the same state, the
 * second is told (`Overtaken`) and changes nothing. People who share a device take turns: the
 * record of one is set aside when the next begins.
 */

import { forget, keys, load, save, update } from "../lib/store";
import type { Voter } from "./voter";

interface Kept extends Voter {
  readonly version: number;
}

/** Another tab has gone on from what this one knew. */
export class Overtaken extends Error {
  override name = "Overtaken";
}

/** The record of the person whose turn it is. */
export class Storage {
  private version = 0;

  constructor(private readonly edition: string) {}

  /** What was kept, or null; throws `NoStorage`. */
  async load(): Promise<Voter | null> {
    const kept = await load<Kept>("voters", this.edition);
    this.version = kept?.version ?? 0;
    return kept ?? null;
  }

  /** Saves before it returns; throws `Overtaken` or `NoStorage`. Who is present is not aside. */
  async save(voter: Voter): Promise<void> {
    const { version } = await update<Kept>(
      "voters",
      this.edition,
      (kept) => ({ ...voter, version: this.following(kept) }),
      this.besides(voter),
    );
    this.version = version;
  }

  /** Forgets the record for good. */
  async forget(): Promise<void> {
    await forget("voters", this.edition);
    this.version = 0;
  }

  /** Sets the record aside, so that another person may begin; throws as `save`. */
  async setAside(): Promise<void> {
    const kept = await load<Kept>("voters", this.edition);
    if (!kept) return;
    this.following(kept);
    await save("voters", this.besides(kept), kept);
    await this.forget();
  }

  /** Those set aside. */
  async aside(): Promise<Voter[]> {
    const found = (await keys("voters")).filter((key) => key.startsWith(`${this.edition}#`));
    const records = await Promise.all(found.map((key) => load<Kept>("voters", key)));
    return records.filter((one) => one !== undefined);
  }

  /** The version after the one that is kept; throws `Overtaken` if that is not the one known. */
  private following(kept: Kept | undefined): number {
    if ((kept?.version ?? 0) !== this.version) throw new Overtaken("another tab has gone on");
    return this.version + 1;
  }

  /** Where a record is while it is aside. */
  private besides(voter: Voter): string {
    return `${this.edition}#${voter.point}`;
  }
}

/** Whether this device keeps anything: asked before anyone begins. */
export async function keepsAnything(): Promise<boolean> {
  try {
    await save("kept", "vote/probe", Date.now());
    return (await load("kept", "vote/probe")) !== undefined;
  } catch {
    return false;
  }
}

/** Asks the browser not to clear what is kept when space runs short; it may refuse. */
export async function askToPersist(): Promise<void> {
  try {
    await navigator.storage.persist();
  } catch {
    // an older browser, which does not know how
  }
}
