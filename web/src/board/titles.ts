/** Titles of initiatives, in the page's language. */

import { useMemo } from "preact/hooks";

import { inLanguage, useLanguage } from "../lib/i18n";
import type { EditionView } from "../lib/views";

/** An initiative's title, or its id while the edition is not known. */
export function useTitles(view: EditionView | undefined): (id: string) => string {
  const shown = useLanguage();
  return useMemo(() => {
    const titles = new Map(view?.initiatives.map((one) => [one.id, inLanguage(one.title, shown)]));
    return (id: string) => titles.get(id) ?? id;
  }, [view, shown]);
}
