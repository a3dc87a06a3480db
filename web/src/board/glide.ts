/** Lets rows glide to their new places, if people have not asked for less motion. */

import { useLayoutEffect, useRef } from "preact/hooks";

const GLIDE = { duration: 700, easing: "cubic-bezier(0.2, 0, 0, 1)" };

/** For each key the element that stands for it; call with each order that is shown. */
export function useGlide(order: readonly string[]): (key: string) => (row: HTMLElement | null) => void {
  const rows = useRef(new Map<string, HTMLElement>());
  const places = useRef(new Map<string, number>());
  const shown = order.join("\n");
  useLayoutEffect(() => {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    for (const [key, row] of rows.current) {
      const before = places.current.get(key);
      const after = row.offsetTop;
      places.current.set(key, after);
      if (!still && before !== undefined && before !== after) {
        row.animate([{ transform: `translateY(${before - after}px)` }, { transform: "none" }], GLIDE);
      }
    }
  }, [shown]);
  return (key) => (row) => {
    if (row) rows.current.set(key, row);
    else rows.current.delete(key);
  };
}
