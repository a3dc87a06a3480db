/** The dashboard of one edition: what is shown depends on its phase, and on what is public. */

import type { ComponentChildren } from "preact";
import { useEffect, useMemo } from "preact/hooks";

import { useLanguage, useTexts } from "../lib/i18n";
import type { Services } from "../lib/services";
import type { EditionSummary, EditionView, TallySnapshot } from "../lib/views";
import { EditionChooser } from "../ui/edition";
import { announce } from "../ui/live";
import { Busy, Notice } from "../ui/parts";
import { Contradicted, Opening, Sealed, Shortlist } from "./absent";
import { Downloads } from "./downloads";
import { freshness, type Freshness } from "./freshness";
import { HallMode, useHallSwitch } from "./hall";
import { Heading } from "./heading";
import { useEditionView, useSeconds, useTally, useTurnout } from "./live";
import { rank } from "./ranking";
import { RankingCard } from "./rankingcard";
import { Outcome } from "./outcome";
import { Figures, Trust } from "./side";
import { board } from "./texts";
import { turnoutRows } from "./turnout";
import { TurnoutCard } from "./turnoutcard";
import { HallCode } from "./hallcode";

const CLOSED: readonly string[] = ["closed", "issued", "drawn", "certified"];

interface Props {
  readonly services: Services;
  readonly edition: string;
  readonly editions: readonly EditionSummary[];
}

export function Dashboard({ services, edition, editions }: Props) {
  const [hall, setHall] = useHallSwitch();
  const live = useTally(services, edition);
  const view = useEditionView(services, edition, live.snapshot?.phase);
  const hours = useTurnout(services, edition, live);
  const now = useSeconds();
  const { snapshot } = live;
  const shown = useLanguage();
  // The clock draws this anew each second: what has not changed is handed back as it was.
  const parts = useMemo(() => {
    if (!snapshot) return undefined;
    const rows = hours ? turnoutRows(hours, snapshot) : [];
    return {
      main: <Main edition={edition} view={view} snapshot={snapshot} />,
      figures: <Figures snapshot={snapshot} />,
      turnout: <TurnoutCard rows={rows} snapshot={snapshot} />,
      downloads: <Downloads {...{ services, edition, view, snapshot, rows }} />,
    };
  }, [services, edition, view, snapshot, hours, hall, shown]);
  if (!snapshot || !parts) return <NotYet live={live} editions={editions} />;
  const fresh = freshness(snapshot, live.contact, now.monotonic);
  const sealed = snapshot.phase === "open" && snapshot.disclosure === "at-close";
  return (
    <HallMode value={hall}>
      <Announcer fresh={fresh} />
      <div class="board">
        <Heading
          edition={edition}
          view={view}
          snapshot={snapshot}
          fresh={fresh}
          now={now.date + live.clockOff}
          hall={hall}
          setHall={setHall}
        />
        {snapshot.contradiction ? (
          <Contradicted found={snapshot.contradiction} />
        ) : (
          <div class="board-grid">
            <div class={view ? "board-main" : "board-main waiting"}>
              {sealed && <Sealed />}
              {sealed && hall ? parts.turnout : parts.main}
            </div>
            <div class="board-side">
              {parts.figures}
              {!(sealed && hall) && parts.turnout}
              <div class="board-foot">
                <Trust snapshot={snapshot} fresh={fresh} />
                {hall && <HallCode services={services} edition={edition} snapshot={snapshot} />}
              </div>
            </div>
          </div>
        )}
        {snapshot.contradiction && <Trust snapshot={snapshot} fresh={fresh} />}
        {!hall && parts.downloads}
      </div>
    </HallMode>
  );
}

interface MainProps {
  readonly edition: string;
  readonly view: EditionView | undefined;
  readonly snapshot: TallySnapshot;
}

/** The ranking as soon as there is one, and the shortlist until then. */
function Main({ edition, view, snapshot }: MainProps): ComponentChildren {
  const { counts, result, phase } = snapshot;
  const ranking = useMemo(
    () => counts && view && rank(counts, view.manifest.seats, result),
    [counts, view, result],
  );
  const counted = result || (phase === "open" && snapshot.ballots > 0);
  if (ranking && view && counted) {
    return (
      <>
        {result && <Outcome edition={edition} view={view} result={result} />}
        <RankingCard ranking={ranking} view={view} snapshot={snapshot} />
      </>
    );
  }
  const closed = phase && CLOSED.includes(phase);
  if (closed && !counts) return <Opening />;
  return <Shortlist view={view} voting={phase === "open" && counts !== null} />;
}

/** Nothing was received yet. */
function NotYet({
  live,
  editions,
}: {
  live: ReturnType<typeof useTally>;
  editions: readonly EditionSummary[];
}) {
  const t = useTexts(board);
  if (!live.failed) return <Busy>{t.connecting}</Busy>;
  if (live.refused !== 404) {
    return (
      <div class="stack">
        <h1>{t.dashboard}</h1>
        <Notice kind="warn" urgent>
          <p>{t.noTally}</p>
        </Notice>
      </div>
    );
  }
  return (
    <div class="stack-large">
      <Notice kind="warn" title={t.unknown} urgent>
        <p>{t.unknownNext}</p>
      </Notice>
      {editions.length > 0 && <EditionChooser editions={editions} />}
    </div>
  );
}

/** Tells screen readers when the state changes, and not each second. */
function Announcer({ fresh }: { fresh: Freshness }) {
  const t = useTexts(board);
  const { kind } = fresh;
  useEffect(() => {
    if (fresh.kind === "late") announce(t.late(fresh.lateS));
    if (fresh.kind === "live") announce(t.live);
    if (fresh.kind === "contradiction") announce(t.contradiction);
  }, [kind, t]);
  return null;
}
