/** The shortlist to read, before anyone has said who they are. */

import { inLanguage, useLanguage, useTexts } from "../../lib/i18n";
import type { Initiative } from "../../lib/views";
import { texts } from "../texts";

export function Shortlist({ initiatives }: { readonly initiatives: readonly Initiative[] }) {
  const t = useTexts(texts).identify;
  const shown = useLanguage();
  return (
    <details class="details card shortlist">
      <summary>{t.shortlist(initiatives.length)}</summary>
      <ol class="list">
        {initiatives.map((one) => (
          <li key={one.id}>
            <strong>{inLanguage(one.title, shown)}</strong>
            <span class="muted small"> {inLanguage(one.department, shown)}</span>
            <br />
            {inLanguage(one.summary, shown)}
          </li>
        ))}
      </ol>
    </details>
  );
}
