/** Scans with the camera until a QR code is found or somebody has had enough. */

import { useEffect, useRef, useState } from "preact/hooks";

import { useTexts } from "../lib/i18n";
import { Notice } from "../ui/parts";
import { decode } from "./decode";
import { texts } from "./texts";

const PAUSE_MS = 150;

interface Props {
  readonly onFound: (text: string) => void;
  readonly onStop: () => void;
}

export default function Camera({ onFound, onStop }: Props) {
  const t = useTexts(texts).camera;
  const video = useRef<HTMLVideoElement>(null);
  const stop = useRef<HTMLButtonElement>(null);
  const [fault, setFault] = useState<"denied" | "missing">();
  useEffect(() => {
    stop.current?.focus();
    const shown = video.current as HTMLVideoElement;
    const ended = new AbortController();
    scan(shown, ended.signal).then(
      (text) => text !== undefined && onFound(text),
      (error: unknown) => {
        const denied = error instanceof DOMException && error.name === "NotAllowedError";
        setFault(denied ? "denied" : "missing");
      },
    );
    return () => ended.abort();
  }, []);
  return (
    <div class="stack camera">
      {fault ? (
        <Notice kind="warn" urgent>
          {t[fault]}
        </Notice>
      ) : (
        <figure class="stack">
          <video ref={video} muted playsInline aria-label={t.title} />
          <figcaption class="centre">{t.title}</figcaption>
        </figure>
      )}
      <button ref={stop} type="button" class="button block" onClick={onStop}>
        {fault ? t.back : t.stop}
      </button>
    </div>
  );
}

/** The text found; undefined when it was ended before. The camera is released either way. */
async function scan(video: HTMLVideoElement, ended: AbortSignal): Promise<string | undefined> {
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { facingMode: "environment", width: { ideal: 1920 }, height: { ideal: 1080 } },
  });
  try {
    video.srcObject = stream;
    await video.play();
    while (!ended.aborted) {
      const text = video.videoWidth ? await decode(video) : undefined;
      if (text !== undefined && !ended.aborted) return text;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    return undefined;
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
}
