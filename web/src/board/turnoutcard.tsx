/** The turnout by hour: a curve, and the table that says the same. */

import { useEffect, useRef, useState } from "preact/hooks";

import { formatNumber, formatTime, useLanguage, useTexts } from "../lib/i18n";
import type { TallySnapshot } from "../lib/views";
import { Both, useHall } from "./hall";
import type { Plot } from "./plot";
import { board } from "./texts";
import { turnoutCurve, type TurnoutRow } from "./turnout";

interface Props {
  readonly rows: readonly TurnoutRow[];
  readonly snapshot: TallySnapshot;
}

export function TurnoutCard({ rows, snapshot }: Props) {
  const t = useTexts(board);
  const hall = useHall();
  const [table, setTable] = useState(false);
  // On the big screen the large 0 says it; the place is for the code that leads to the vote.
  if (hall && rows.length === 0) return null;
  return (
    <section class="card turnout">
      <div class="card-head">
        <h2>
          <Both of={(t) => t.turnout} />
        </h2>
        {!hall && rows.length > 0 && (
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
      {rows.length === 0 ? (
        <p class="muted">{snapshot.voters === 0 && t.turnoutNone}</p>
      ) : (
        <Curve rows={rows} snapshot={snapshot} />
      )}
      {table && !hall && rows.length > 0 && <Table rows={rows} />}
      {!hall && <p class="muted small">{t.turnoutHours}</p>}
    </section>
  );
}

/** Drawn by uPlot, which is loaded when the first voter is there. */
function Curve({ rows, snapshot }: Props) {
  const t = useTexts(board);
  const hall = useHall();
  const shown = useLanguage();
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | undefined>(undefined);
  const open = snapshot.phase === "open";
  const now = open ? Date.parse(snapshot.time) : Infinity;
  const data = turnoutCurve(rows, now);
  const latest = useRef(data);
  latest.current = data;
  useEffect(() => {
    let gone = false;
    void import("./plot").then(({ drawPlot }) => {
      if (gone || !place.current) return;
      plot.current = drawPlot(place.current, latest.current, { language: shown, large: hall });
    });
    return () => {
      gone = true;
      plot.current?.remove();
      plot.current = undefined;
    };
  }, [shown, hall]);
  useEffect(() => plot.current?.show(data), [rows.length, snapshot.voters, snapshot.time]);
  return (
    <div class="plot" ref={place} role="img" aria-label={t.turnoutCurve(snapshot.voters)} />
  );
}

function Table({ rows }: { readonly rows: readonly TurnoutRow[] }) {
  const t = useTexts(board);
  const shown = useLanguage();
  const style = { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" } as const;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t.turnout}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t.hour}</th>
            <th scope="col">{t.hourVoters}</th>
            <th scope="col">{t.hourBallots}</th>
            <th scope="col">{t.hourTotal}</th>
          </tr>
        </thead>
        <tbody>
          {[...rows].reverse().map((row) => (
            <tr key={row.from}>
              <th scope="row">{formatTime(row.from, style, shown)}</th>
              <td class="number">{formatNumber(row.voters)}</td>
              <td class="number">{formatNumber(row.ballots)}</td>
              <td class="number">{formatNumber(row.total)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
