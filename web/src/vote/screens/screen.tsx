/** The frame of all screens of the way: steps on top, then the one where the voter is. */

import { useEffect } from "preact/hooks";

import { inLanguage, useLanguage, useTexts } from "../../lib/i18n";
import { Notice } from "../../ui/parts";
import { Page } from "../../ui/page";
import { common } from "../../ui/texts";
import { useVote } from "../context";
import { texts } from "../texts";
import type { Place } from "../voter";
import type { Way } from "../way";
import { Card } from "./card";
import { Casting } from "./casting";
import { Code } from "./code";
import { Counted } from "./counted";
import { Counter } from "./counter";
import { Closed, NotYet, Stopped, STOPPING } from "./halts";
import { Identify } from "./identify";
import { Import } from "./import";
import { SomebodyElse } from "./records";
import { Review } from "./review";
import { Select } from "./select";
import { stepAt, Steps } from "./steps";

/** Where another person may find the vote of the one before. */
const SHARED: readonly Place[] = ["code", "select", "review"];

const BEFORE = ["announced", "shortlisted", "rolled"];

interface Props {
  readonly links: { readonly board: string; readonly check: string };
}

export function Screen({ links }: Props) {
  const t = useTexts(texts);
  const shown = useLanguage();
  const { way } = useVote();
  const { edition } = way.facts;
  const halt = haltOf(way);
  // Each screen begins at its top, whatever has the focus there.
  useEffect(() => scrollTo(0, 0), [way.place, halt]);
  const title = halt ? t.page : t.stepOf(stepAt(way.place, Boolean(way.voter?.receipt)));
  return (
    <Page name="vote" title={`${title} · ${inLanguage(edition.manifest.title, shown)}`} links={links}>
      {edition.manifest.demonstration && <Demonstration />}
      {halt === "not-yet" && <NotYet edition={edition} />}
      {halt === "closed" && <Closed edition={edition} />}
      {halt === "stopped" && <Stopped slug={way.notice?.slug ?? ""} />}
      {!halt && (
        <div class="stack-large">
          <Steps way={way} />
          {staysOpen(way) && (
            <Notice kind="warn">
              <p>{t.halt.stayOpen}</p>
            </Notice>
          )}
          {SHARED.includes(way.place) && <SomebodyElse />}
          <Present way={way} />
        </div>
      )}
    </Page>
  );
}

/** Whether to say that the page must stay open: where nothing is kept, until it says so otherwise. */
function staysOpen({ unsaved, place, notice }: Way): boolean {
  return unsaved && place !== "counted" && place !== "card" && notice?.slug !== "not-saved";
}

function haltOf(way: Way): "not-yet" | "closed" | "stopped" | null {
  const { voter, notice, facts } = way;
  const { phase } = facts.edition;
  if (notice && STOPPING.includes(notice.slug) && way.place !== "casting") return "stopped";
  if (BEFORE.includes(phase)) return "not-yet";
  if (phase !== "open" && !voter?.pending && !voter?.receipt) return "closed";
  return null;
}

function Present({ way }: { readonly way: Way }) {
  switch (way.place) {
    case "identify":
      return <Identify key="identify" />;
    case "counter":
      return <Counter key="counter" />;
    case "code":
      return <Code key="code" />;
    case "import":
      return <Import key="import" />;
    case "select":
      return <Select key="select" />;
    case "review":
      return <Review key="review" />;
    case "casting":
      return <Casting key="casting" />;
    case "counted":
      return <Counted key="counted" />;
    case "card":
      return <Card key="card" />;
  }
}

function Demonstration() {
  const t = useTexts(common);
  return (
    <p class="no-print demonstration">
      <span class="tag">{t.demonstration}</span>
    </p>
  );
}
