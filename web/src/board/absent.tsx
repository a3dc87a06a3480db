/** What stands in the place of the ranking when there is none, and why. */

import { inLanguage, useLanguage, useTexts } from "../lib/i18n";
import type { Contradiction, EditionView } from "../lib/views";
import { Busy } from "../ui/parts";
import { Both, BothOf, useHall } from "./hall";
import { board, type BoardTexts } from "./texts";

/** Loud: nothing else on the page matters any more. */
export function Contradicted({ found }: { readonly found: Contradiction }) {
  const t = useTexts(board);
  return (
    <section class="contradicted" role="alert">
      <p class="contradicted-sign" aria-hidden="true">
        ✕
      </p>
      <div class="stack">
        <h2>
          <Both of={(t) => t.contradiction} />
        </h2>
        <p>
          <Both of={(t) => t.contradictionMeans} />
        </p>
        <p>
          <Both of={(t) => t.contradictionWhere(found.index, thing(t, found.what))} />
        </p>
        <p class="technical">
          {t.technical}<span lang="en">{found.why}</span>
        </p>
        <p>
          <Both of={(t) => t.contradictionNext} />
        </p>
      </div>
    </section>
  );
}

/** What the tally was looking at, in words; what these pages have no word for is an entry. */
function thing(t: BoardTexts, what: string): string {
  return (t.things as Readonly<Record<string, string>>)[what] ?? t.things.entry;
}

/** The choices are sealed: why, and until when. */
export function Sealed() {
  return (
    <section class="card sealed">
      <Lock />
      <div class="stack">
        <h2>
          <Both of={(t) => t.sealed} />
        </h2>
        <p>
          <Both of={(t) => t.sealedWhy} />
        </p>
        <p>
          <Both of={(t) => t.sealedThen} />
        </p>
        <p class="strong">
          <Both of={(t) => t.sealedOnly} />
        </p>
      </div>
    </section>
  );
}

/** The choices have just become public and are being counted. */
export function Opening() {
  return (
    <section class="card stack opening">
      <h2>
        <Both of={(t) => t.opened} />
      </h2>
      <Busy>
        <Both of={(t) => t.openedWhy} />
      </Busy>
    </section>
  );
}

interface ShortlistProps {
  readonly view: EditionView | undefined;
  /** A ranking will stand here with the first ballot. */
  readonly voting: boolean;
}

/** The shortlist in published order, without any figure. */
export function Shortlist({ view, voting }: ShortlistProps) {
  const shown = useLanguage();
  const hall = useHall();
  const initiatives = view?.initiatives ?? [];
  return (
    <section class={initiatives.length > 12 ? "card shortlist long" : "card shortlist"}>
      <h2>
        <Both of={(t) => t.shortlist} />
      </h2>
      {initiatives.length === 0 ? (
        <p class="soon muted">
          <Both of={(t) => t.shortlistSoon} />
        </p>
      ) : (
        <>
          {view && <Rule view={view} voting={voting} />}
          <ul>
            {initiatives.map((one) => (
              <li key={one.id}>
                <span class="names">
                  <BothOf {...one.title} shown={shown} />
                </span>
                {!hall && <span class="muted small">{inLanguage(one.department, shown)}</span>}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function Rule({ view, voting }: { view: EditionView; voting: boolean }) {
  const { max_choices: most, seats } = view.manifest;
  return (
    <p class="muted">
      <Both of={(t) => (voting ? t.noBallots : t.chooseUpTo(most, seats))} />
    </p>
  );
}

function Lock() {
  return (
    <svg class="lock" viewBox="0 0 48 48" aria-hidden="true">
      <path d="M15 21v-6a9 9 0 0 1 18 0v6" fill="none" stroke="currentColor" stroke-width="4" />
      <rect x="9" y="21" width="30" height="21" rx="4" fill="currentColor" />
      <circle cx="24" cy="30" r="3" fill="#fff" />
      <rect x="22.5" y="31" width="3" height="6" rx="1.5" fill="#fff" />
    </svg>
  );
}
