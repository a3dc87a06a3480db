/** A QR code on a canvas, as small as its text allows. Loaded when one is shown. */

import { correction, generate, mode } from "lean-qr";
import { useEffect, useRef } from "preact/hooks";

interface Props {
  /** An address whose end is digits, such as `receiptLink` gives; any text will do. */
  readonly text: string;
  /** What it is, for those who do not see it. */
  readonly label: string;
}

export function Qr({ text, label }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (canvas.current) draw(canvas.current, text);
  }, [text]);
  return <canvas ref={canvas} class="qr" role="img" aria-label={label} />;
}

/** Draws the code with its quiet zone, in whole pixels, large enough to be saved or printed. */
export function draw(canvas: HTMLCanvasElement, text: string): void {
  const digits = /[0-9]*$/.exec(text)?.[0] ?? "";
  const head = text.slice(0, text.length - digits.length);
  const data = mode.multi(mode.ascii(head), mode.numeric(digits));
  const code = generate(data, { minCorrectionLevel: correction.L });
  const quiet = 4;
  const size = code.size + 2 * quiet;
  const scale = Math.max(4, Math.ceil(720 / size));
  canvas.width = canvas.height = size * scale;
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = "#000";
  for (let y = 0; y < code.size; y += 1) {
    for (let x = 0; x < code.size; x += 1) {
      if (code.get(x, y)) {
        context.fillRect((x + quiet) * scale, (y + quiet) * scale, scale, scale);
      }
    }
  }
}
