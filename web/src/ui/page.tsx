/** The frame of every page: skip link, brand, language switch, main part, footer. */

import { render, type ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";

import { language, setLanguage, useTexts } from "../lib/i18n";
import "./base.css";
import { LiveRegion } from "./live";
import seal from "./seal.svg";
import { common } from "./texts";

export type PageName = "vote" | "board" | "check";

interface Props {
  /** The page that this is. */
  readonly name: PageName;
  /** Also the document's title. */
  readonly title: string;
  /** Links to the other pages: their addresses, where they are known. */
  readonly links?: Partial<Record<PageName, string>>;
  readonly wide?: boolean;
  readonly children: ComponentChildren;
}

export function Page({ name, title, links = {}, wide, children }: Props) {
  const t = useTexts(common);
  useEffect(() => {
    document.title = `${title} · ${t.brand}`;
  }, [title, t]);
  const others = (["vote", "board", "check"] as const).filter((one) => one !== name && links[one]);
  return (
    <div class="page">
      <a class="skip-link" href="#main" onClick={skip}>
        {t.skip}
      </a>
      <header class="bar no-print">
        <div class="bar-inner">
          <span class="brand">
            <img src={seal} alt="" width="36" height="36" />
            <span>
              {t.brand}
              <small>{t.motto}</small>
            </span>
          </span>
          <LanguageSwitch />
        </div>
      </header>
      <main id="main" class={wide ? "main wide" : "main"} tabIndex={-1}>
        {children}
      </main>
      {others.length > 0 && (
        <footer class="footer no-print">
          <nav aria-label={t.pages}>
            {others.map((one) => (
              <a key={one} href={links[one]}>
                {t[one]}
              </a>
            ))}
          </nav>
        </footer>
      )}
      <LiveRegion />
    </div>
  );
}

/** Draws a page into the document. */
export function mount(page: ComponentChildren): void {
  setLanguage(language());
  render(page, document.getElementById("page") as HTMLElement);
}

function LanguageSwitch() {
  const t = useTexts(common);
  const other = language() === "zh" ? "en" : "zh";
  return (
    <button
      type="button"
      class="bar-link"
      lang={other === "zh" ? "zh-CN" : "en"}
      aria-label={t.switchLanguage}
      onClick={() => setLanguage(other)}
    >
      {t.otherLanguage}
    </button>
  );
}

function skip(event: Event) {
  event.preventDefault(); // the fragment names the edition
  document.getElementById("main")?.focus();
}
