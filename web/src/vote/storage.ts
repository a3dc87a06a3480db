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

/** A record that was set aside. */
export interface Aside {
  readonly key: string;
  readonly voter: Voter;
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

  /** Saves before it returns; throws `Overtaken` or `NoStorage`. */
  async save(voter: Voter): Promise<void> {
    const expected = this.version;
    await update<Kept>("voters", this.edition, (kept) => {
      if ((kept?.version ?? 0) !== expected) throw new Overtaken("another tab has gone on");
      return { ...voter, version: expected + 1 };
    });
    this.version = expected + 1;
  }

  /** Forgets the record for good. */
  async forget(): Promise<void> {
    await forget("voters", this.edition);
    this.version = 0;
  }

  /** Sets the record aside, so that another person may begin. */
  async setAside(): Promise<void> {
    const kept = await load<Kept>("voters", this.edition);
    if (!kept) return;
    await save("voters", `${this.edition}#${kept.point}`, kept);
    await this.forget();
  }

  /** Those set aside. */
  async aside(): Promise<Aside[]> {
    const found = (await keys("voters")).filter((key) => key.startsWith(`${this.edition}#`));
    const records = await Promise.all(found.map((key) => load<Kept>("voters", key)));
    return found.flatMap((key, i) => (records[i] ? [{ key, voter: records[i] }] : []));
  }

  /** Takes one up again; the present record is set aside. */
  async takeUp(key: string): Promise<void> {
    await this.setAside();
    const kept = await load<Kept>("voters", key);
    if (!kept) return;
    await save("voters", this.edition, kept);
    await forget("voters", key);
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
