/** The text of a QR code in a picture. The reader is loaded when a picture is chosen. */

const LONGEST_SIDE = 1600;

/** There is no readable code in the picture, or it is no picture. */
export class NoCode extends Error {
  override name = "NoCode";
}

/** Throws `NoCode`. */
export async function readPicture(file: File): Promise<string> {
  const { default: decodeQr } = await import("qr/decode.js");
  try {
    return decodeQr(await pixels(file));
  } catch {
    throw new NoCode("there is no readable QR code in the picture");
  }
}

async function pixels(file: File): Promise<ImageData> {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
