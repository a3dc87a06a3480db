/** One edition's vote: opens it, then shows the screen where the voter is. */

import { useEffect, useLayoutEffect, useState } from "preact/hooks";

import { loadSuite } from "../lib/credential";
import { useTexts } from "../lib/i18n";
import type { Services } from "../lib/services";
import type { EditionSummary } from "../lib/views";
import { Finding } from "../ui/edition";
import { Page } from "../ui/page";
import { links, VoteContext } from "./context";
import { openVote, type Insisting, type Opened } from "./opening";
import { Runner } from "./runner";
import { Elsewhere, Insecure, StorageRefused, Unknown } from "./screens/halts";
import { Screen } from "./screens/screen";
import { askToPersist } from "./storage";
import { texts } from "./texts";
import { Trail } from "./trail";
import type { Way } from "./way";

const REFRESH_MS = 60_000;
const PREFETCH_MS = 1_500;

interface Props {
  readonly services: Services;
  readonly edition: string;
  /** Those that there are, in case this one is none of them. */
  readonly editions: readonly EditionSummary[];
  /** The counter code that the address named, or "". */
  readonly slip: string;
}

/** Opens the vote, and says why if it cannot. */
export function Voting({ services, edition, editions, slip }: Props) {
  const t = useTexts(texts);
  const [opened, set] = useState<Opened | undefined>();
  const [error, fail] = useState<unknown>();
  const [insisting, insist] = useState<Insisting>({ here: false, anyway: false });
  const [round, next] = useState(0);
  useEffect(() => {
    let stale = false;
    const lost = () => set({ at: "elsewhere" });
    openVote(services, edition, insisting, lost).then(
      (outcome) => stale || set(outcome),
      (why: unknown) => stale || fail(why),
    );
    return () => {
      stale = true;
    };
  }, [insisting, round]);
  const again = () => {
    fail(undefined);
    set(undefined);
    next((before) => before + 1);
  };
  const goOnHere = () => {
    set(undefined);
    insist({ ...insisting, here: true });
  };
  if (opened?.at === "ready") {
    return (
      <OnTheWay
        key={round}
        services={services}
        opened={opened}
        slip={slip}
        restart={again}
        onHere={goOnHere}
      />
    );
  }
  return (
    <Page name="vote" title={t.page} links={opened?.at === "unknown" ? {} : links(services, edition)}>
      {opened === undefined && <Finding error={error} again={again} />}
      {opened?.at === "unknown" && <Unknown edition={edition} editions={editions} />}
      {opened?.at === "insecure" && <Insecure />}
      {opened?.at === "elsewhere" && <Elsewhere onHere={goOnHere} />}
      {opened?.at === "no-storage" && (
        <StorageRefused onAnyway={() => insist({ ...insisting, anyway: true })} />
      )}
    </Page>
  );
}

interface OnTheWayProps {
  readonly services: Services;
  readonly opened: Extract<Opened, { at: "ready" }>;
  readonly slip: string;
  readonly restart: () => void;
  readonly onHere: () => void;
}

function OnTheWay({ services, opened, slip, restart, onHere }: OnTheWayProps) {
  const t = useTexts(texts);
  const [changed, set] = useState<Way | undefined>();
  const [{ runner, trail }] = useState(() => begin(services, opened, slip, set));
  const way = changed ?? runner.way;
  useLayoutEffect(() => trail.moved(way.place), [way.place]);
  useEffect(() => {
    const stop = follow(runner);
    return () => {
      stop();
      trail.close();
      runner.dispatch({ type: "taken-over" });
    };
  }, []);
  useLeavingWarning(way);
  const needsRegistrar = !way.voter?.credential && way.facts.registration === null;
  useEffect(() => void (needsRegistrar && runner.refresh()), [needsRegistrar]);
  const edition = way.facts.edition.edition;
  if (way.elsewhere) {
    return (
      <Page name="vote" title={t.page}>
        <Elsewhere onHere={onHere} />
      </Page>
    );
  }
  const vote = {
    way,
    services,
    dispatch: runner.dispatch,
    back: (otherwise: Way["place"]) => trail.back(otherwise),
    storage: opened.storage,
    restart,
  };
  return (
    <VoteContext.Provider value={vote}>
      <Screen links={links(services, edition)} />
    </VoteContext.Provider>
  );
}

function begin(
  services: Services,
  opened: Extract<Opened, { at: "ready" }>,
  slip: string,
  changed: (way: Way) => void,
): { runner: Runner; trail: Trail } {
  const runner = new Runner(services, { ...opened, slip }, opened.storage, changed);
  const trail = new Trail(
    runner.way.place,
    (place) => runner.dispatch({ type: "went", place }),
    () => runner.way.place,
  );
  return { runner, trail };
}

/** Has the runner follow the device and the services; returns what ends that. */
function follow(runner: Runner): () => void {
  const seen = () => void (document.visibilityState === "visible" && runner.refresh());
  const timer = setInterval(seen, REFRESH_MS);
  // What is needed later is fetched while the connection is there.
  const prefetch = setTimeout(() => void loadSuite().catch(() => undefined), PREFETCH_MS);
  addEventListener("online", runner.online);
  document.addEventListener("visibilitychange", seen);
  void askToPersist();
  return () => {
    clearInterval(timer);
    clearTimeout(prefetch);
    removeEventListener("online", runner.online);
    document.removeEventListener("visibilitychange", seen);
  };
}

/** Asks before the tab is closed while a ballot is on its way, or nothing is kept. */
function useLeavingWarning(way: Way): void {
  const sending = way.task?.doing === "signing" || way.task?.doing === "sending";
  const risky = sending || (way.unsaved && (way.voter !== null || way.aside.length > 0));
  useEffect(() => {
    if (!risky) return undefined;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [risky]);
}
