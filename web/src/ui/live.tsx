/** Says to screen readers what others see happen. */

import { useEffect, useState } from "preact/hooks";

type Listener = (text: string) => void;
let listener: Listener | undefined;

/** Have a screen reader say this when it has finished what it is saying. */
export function announce(text: string): void {
  listener?.(text);
}

/** Stands once in a page; `Page` has it. */
export function LiveRegion() {
  const [text, setText] = useState("");
  useEffect(() => {
    listener = setText;
    return () => {
      listener = undefined;
    };
  }, []);
  return (
    <div class="visually-hidden" role="status" aria-live="polite">
      {text}
    </div>
  );
}
