/**
 * Shows the camera in a video element.
 * @throws DOMException where there is no camera, or the user does not allow it
 */
export async function startCamera(video: HTMLVideoElement): Promise<void> {
  if (navigator.mediaDevices === undefined)
    throw new Error('the browser gives the camera to pages from https or from this machine only');
  video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
  await video.play();
}

export function stopCamera(video: HTMLVideoElement): void {
  if (video.srcObject instanceof MediaStream) for (const track of video.srcObject.getTracks()) track.stop();
  video.srcObject = null;
}
