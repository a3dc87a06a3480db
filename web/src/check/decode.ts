/** Reads QR codes from pictures: with the browser's own detector where it has one, else ours. */

import { decodeQR } from "qr/decode.js";

/** A picture that can be drawn on a canvas. */
export type Picture = ImageBitmap | HTMLVideoElement;

const LONGEST_SIDES = [1600, 900];
const TIME_LIMIT_MS = 400;

interface Detector {
  detect(picture: Picture): Promise<readonly { readonly rawValue: string }[]>;
}

interface DetectorClass {
  new (options: { readonly formats: readonly string[] }): Detector;
  getSupportedFormats(): Promise<readonly string[]>;
}

let native: Promise<Detector | undefined> | undefined;

/** The text of a QR code in the picture; undefined if none is found. */
export async function decode(picture: Picture): Promise<string | undefined> {
  native ??= nativeDetector();
  const detector = await native;
  const [found] = detector ? await detector.detect(picture).catch(() => []) : [];
  return found?.rawValue ?? decodeOurselves(picture);
}

async function nativeDetector(): Promise<Detector | undefined> {
  const { BarcodeDetector } = globalThis as { BarcodeDetector?: DetectorClass };
  const formats = await BarcodeDetector?.getSupportedFormats();
  return BarcodeDetector && formats?.includes("qr_code")
    ? new BarcodeDetector({ formats: ["qr_code"] })
    : undefined;
}

/** One size after another: what is too blurred at one may be found at the other. */
function decodeOurselves(picture: Picture): string | undefined {
  for (const longest of LONGEST_SIDES) {
    try {
      return decodeQR(pixels(picture, longest), { effort: 8, timeLimit: TIME_LIMIT_MS });
    } catch {
      // none found at this size
    }
  }
  return undefined;
}

function pixels(picture: Picture, longest: number): ImageData {
  const [width, height] =
    picture instanceof HTMLVideoElement
      ? [picture.videoWidth, picture.videoHeight]
      : [picture.width, picture.height];
  const scale = Math.min(1, longest / Math.max(width, height, 1));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D;
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
