/** On the big screen: a code that takes people's phones to the vote, or to the whole list. */

import { useTexts } from "../lib/i18n";
import type { Services } from "../lib/services";
import type { TallySnapshot } from "../lib/views";
import { Qr } from "../ui/qr";
import { Both } from "./hall";
import { board } from "./texts";

interface Props {
  readonly services: Services;
  readonly edition: string;
  readonly snapshot: TallySnapshot;
}

export function HallCode({ services, edition, snapshot }: Props) {
  const t = useTexts(board);
  const open = snapshot.phase === "open";
  const base = new URL((open ? services.ballot : services.tally) || location.origin).origin;
  return (
    <section class="card hall-code">
      <Qr
        text={`${base}/${open ? "vote" : "board"}#${edition}`}
        label={open ? t.scanVote : t.scanBoard}
      />
      <p>
        <Both of={(t) => (open ? t.scanVote : t.scanBoard)} />
      </p>
    </section>
  );
}
