/** The ranking: bars, those who are in, in colour, and the line below the last of them. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { formatNumber, inLanguage, useLanguage, useTexts } from "../lib/i18n";
import type { EditionView, Initiative, TallySnapshot } from "../lib/views";
import { useGlide } from "./glide";
import { Both, BothOf, useHall } from "./hall";
import type { Ranking, Row } from "./ranking";
import { percent } from "./side";
import { board } from "./texts";

interface Props {
  readonly ranking: Ranking;
  readonly view: EditionView;
  readonly snapshot: TallySnapshot;
}

/** The big screen has room for so many below the line: fewer once the result stands above. */
const HALL_BELOW = 2;
const HALL_BELOW_RESULT = 1;
/** And for so many in all, however many are tied. */
const HALL_ROWS = 13;

export function RankingCard({ ranking, view, snapshot }: Props) {
  const t = useTexts(board);
  const hall = useHall();
  const [table, setTable] = useState(false);
  const final = snapshot.result !== null;
  return (
    <section class="card ranking">
      <div class="card-head">
        <h2 class={hall && final ? "visually-hidden" : ""}>
          <Both of={(t) => (final ? t.ranking : t.rankingNow)} />
        </h2>
        {!hall && (
          <button
            type="button"
            class="button quiet"
            aria-expanded={table}
            onClick={() => setTable(!table)}
          >
            {table ? t.hideTable : t.showTable}
          </button>
        )}
      </div>
      <Bars ranking={ranking} view={view} below={final ? HALL_BELOW_RESULT : HALL_BELOW} />
      {table && !hall && <Table ranking={ranking} view={view} snapshot={snapshot} />}
    </section>
  );
}

interface BarsProps {
  readonly ranking: Ranking;
  readonly view: EditionView;
  /** How many to show below the line on the big screen. */
  readonly below: number;
}

function Bars({ ranking, view, below }: BarsProps) {
  const hall = useHall();
  const line = ranking.chosen + ranking.tied;
  const room = Math.min(Math.max(view.manifest.seats, line) + below, HALL_ROWS);
  const shown = hall ? ranking.rows.slice(0, room) : ranking.rows;
  const glide = useGlide(shown.map((row) => row.id));
  const initiatives = new Map(view.initiatives.map((one) => [one.id, one]));
  const hidden = ranking.rows.length - shown.length;
  const items: ComponentChildren[] = shown.map((row) => (
    <Bar
      key={row.id}
      row={row}
      initiative={initiatives.get(row.id)}
      most={ranking.most}
      place={glide(row.id)}
    />
  ));
  items.splice(line, 0, <Cut key="cut" ranking={ranking} seats={view.manifest.seats} />);
  return (
    <>
      <ol class="bars">{items}</ol>
      {hidden > 0 && (
        <p class="more muted">
          <Both of={(t) => t.moreOut(hidden)} />
        </p>
      )}
    </>
  );
}

interface BarProps {
  readonly row: Row;
  readonly initiative: Initiative | undefined;
  readonly most: number;
  readonly place: (element: HTMLElement | null) => void;
}

function Bar({ row, initiative, most, place }: BarProps) {
  const t = useTexts(board);
  const shown = useLanguage();
  const title = initiative?.title ?? { zh: row.id, en: row.id };
  return (
    <li ref={place} class={`bar-row ${row.standing}`} data-id={row.id}>
      <span class="bar-rank number">{row.rank}</span>
      <span class="names">
        <BothOf {...title} shown={shown} />
      </span>
      <span class="bar-track" aria-hidden="true">
        <span class="bar-fill" style={{ width: `${most ? (100 * row.ballots) / most : 0}%` }} />
      </span>
      <span class="bar-count number">
        {formatNumber(row.ballots)}
        <span class="visually-hidden"> {t.count}</span>
      </span>
    </li>
  );
}

function Cut({ ranking, seats }: { ranking: Ranking; seats: number }) {
  const { chosen, tied, seatsOpen, rows } = ranking;
  return (
    <li class={tied > 0 ? "cut tied" : "cut"}>
      <span>
        <Both
          of={(t) => {
            if (tied > 0) return t.lineTied(chosen, tied, seatsOpen);
            return rows.length <= seats ? t.lineAll : t.line(seats);
          }}
        />
      </span>
    </li>
  );
}

function Table({ ranking, view, snapshot }: Props) {
  const t = useTexts(board);
  const shown = useLanguage();
  const initiatives = new Map(view.initiatives.map((one) => [one.id, one]));
  const standing = snapshot.result ? t.standing : t.standingNow;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t.ranking}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t.place}</th>
            <th scope="col">{t.initiative}</th>
            <th scope="col">{t.department}</th>
            <th scope="col">{t.count}</th>
            <th scope="col">{t.share}</th>
            <th scope="col">{t.now}</th>
          </tr>
        </thead>
        <tbody>
          {ranking.rows.map((row) => {
            const one = initiatives.get(row.id);
            return (
              <tr key={row.id}>
                <td class="number">{row.rank}</td>
                <th scope="row">{one ? inLanguage(one.title, shown) : row.id}</th>
                <td>{one ? inLanguage(one.department, shown) : ""}</td>
                <td class="number">{formatNumber(row.ballots)}</td>
                <td class="number">{percent(row.ballots / Math.max(1, snapshot.voters))}</td>
                <td>{standing[row.standing]}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
