/** Everything that the dashboard shows, kept up to date: snapshot, edition and turnout. */

import { useEffect, useRef, useState } from "preact/hooks";

import { showEdition, tallyStreamUrl } from "../lib/api";
import { sleep } from "../lib/http";
import type { Services } from "../lib/services";
import type { EditionView, TallySnapshot } from "../lib/views";
import type { Contact } from "./freshness";
import { follow } from "./stream";
import { showTurnout, type HourTurnout } from "./views";

const HOUR_MS = 3_600_000;

export interface Live {
  readonly snapshot: TallySnapshot | undefined;
  readonly contact: Contact;
  /** Status of the tally's last refusal, while it refuses. */
  readonly refused: number | undefined;
  /** Whether a connection was tried and lost, or not made. */
  readonly failed: boolean;
  /** Counts connections: what was missed in between must be asked for. */
  readonly connection: number;
  /** What to add to this device's clock, in milliseconds: 0 unless it is clearly wrong. */
  readonly clockOff: number;
}

/** Times in `contact` are of `performance.now()`. */
export function useTally(services: Services, edition: string): Live {
  const url = tallyStreamUrl(services, edition);
  const [live, set] = useState<Live>(nothingYet);
  useEffect(() => {
    const stop = new AbortController();
    let now = nothingYet();
    const show = (change: Partial<Live>) => {
      now = { ...now, ...change };
      set(now);
    };
    const heard = () => {
      const at = performance.now();
      const verified = now.snapshot?.status === "verified" ? at : now.contact.verifiedAt;
      const connection = now.connection + Number(!now.contact.connected);
      const contact = { connected: true, heardAt: at, verifiedAt: verified };
      show({ contact, connection, refused: undefined, failed: false });
    };
    const clockOff = (off: number) => show({ clockOff: off });
    const snapshot = (next: TallySnapshot) => {
      show({ snapshot: next });
      heard();
    };
    const lost = (status: number | undefined) =>
      show({ contact: { ...now.contact, connected: false }, refused: status, failed: true });
    void follow(url, { heard, clockOff, snapshot, lost }, stop.signal);
    return () => stop.abort();
  }, [url]);
  return live;
}

/** The edition's titles and shortlist: asked for again whenever its phase changes. */
export function useEditionView(
  services: Services,
  edition: string,
  phase: string | null | undefined,
): EditionView | undefined {
  const [view, set] = useState<EditionView>();
  useEffect(
    () =>
      untilDone(view ? 2 : 0, async (signal) => {
        set(await showEdition(services, edition, { signal, attempts: 1000 }));
      }),
    [services, edition, phase],
  );
  return view;
}

/**
 * The turnout by hour: asked for again after each hour, and after each gap in the stream. Undefined
 * until it is known, for nothing else says when those voted who voted before.
 */
export function useTurnout(
  services: Services,
  edition: string,
  { snapshot, connection }: Live,
): readonly HourTurnout[] | undefined {
  const [hours, set] = useState<readonly HourTurnout[]>();
  const asked = useRef(0);
  const hour = snapshot ? Math.floor(Date.parse(snapshot.time) / HOUR_MS) : undefined;
  useEffect(() => {
    if (hour === undefined) return undefined;
    const spreadS = asked.current === connection ? 60 : 1;
    return untilDone(asked.current === 0 ? 0 : spreadS, async (signal) => {
      const turnout = await showTurnout(services, edition, { signal, attempts: 1000 });
      asked.current = connection;
      set(turnout.hours);
    });
  }, [services, edition, hour, connection]);
  return hours;
}

/** The time, once a second, in milliseconds of `Date.now()` and of `performance.now()`. */
export function useSeconds(): { date: number; monotonic: number } {
  const [now, set] = useState(seconds);
  useEffect(() => {
    const timer = setInterval(() => set(seconds()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

function seconds() {
  return { date: Date.now(), monotonic: performance.now() };
}

function nothingYet(): Live {
  return {
    snapshot: undefined,
    contact: { connected: false, heardAt: performance.now(), verifiedAt: undefined },
    refused: undefined,
    failed: false,
    connection: 0,
    clockOff: 0,
  };
}

/** Do it at a random moment within so many seconds: all dashboards have the same reason to ask. */
function untilDone(spreadS: number, act: (signal: AbortSignal) => Promise<void>): () => void {
  const stop = new AbortController();
  sleep(Math.random() * spreadS, stop.signal)
    .then(() => act(stop.signal))
    .catch(() => undefined); // told to stop, or refused: what is shown stays
  return () => stop.abort();
}
