/** Search, department and order of the shortlist. */

import { useId } from "preact/hooks";

import { inLanguage, useLanguage, useTexts } from "../../lib/i18n";
import { useVote } from "../context";
import { departments, type Wanted } from "../order";
import { texts } from "../texts";

export interface Finding extends Wanted {
  readonly published: boolean;
  readonly onlyChosen: boolean;
}

interface Props {
  readonly finding: Finding;
  readonly onFind: (finding: Finding) => void;
}

export function Finder({ finding, onFind }: Props) {
  const t = useTexts(texts).select;
  const id = useId();
  const shown = useLanguage();
  const { initiatives } = useVote().way.facts.edition;
  return (
    <div class="finder">
      <div class="field">
        <label for={`${id}-words`}>{t.search}</label>
        <input
          id={`${id}-words`}
          class="input"
          type="search"
          placeholder={t.searchHint}
          value={finding.words}
          maxLength={100}
          onInput={(event) => onFind({ ...finding, words: event.currentTarget.value })}
        />
      </div>
      <div class="field">
        <label for={`${id}-department`}>{t.department}</label>
        <select
          id={`${id}-department`}
          class="input"
          value={finding.department}
          onChange={(event) => onFind({ ...finding, department: event.currentTarget.value })}
        >
          <option value="">{t.allDepartments}</option>
          {departments(initiatives).map((one) => (
            <option key={one.zh} value={one.zh}>
              {inLanguage(one, shown)}
            </option>
          ))}
        </select>
      </div>
      <Switches finding={finding} onFind={onFind} />
    </div>
  );
}

function Switches({ finding, onFind }: Props) {
  const t = useTexts(texts).select;
  const order = (published: boolean) => (
    <button
      type="button"
      class="button"
      aria-pressed={finding.published === published}
      onClick={() => onFind({ ...finding, published })}
    >
      {published ? t.published : t.own}
    </button>
  );
  return (
    <div class="finder-switches">
      <div class="segments" role="group" aria-label={t.order}>
        {order(false)}
        {order(true)}
      </div>
      <button
        type="button"
        class="button"
        aria-pressed={finding.onlyChosen}
        onClick={() => onFind({ ...finding, onlyChosen: !finding.onlyChosen })}
      >
        {t.onlyChosen}
      </button>
      {!finding.published && <p class="small muted">{t.ownWhy}</p>}
    </div>
  );
}
