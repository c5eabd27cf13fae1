// What orval has every request made by: the key, the site, and refusals as errors.
import { key, site } from "./expect";

export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly body: unknown,
  ) {
    super(`Refused: ${status}`);
  }
}

export interface Answer {
  data: unknown;
  status: number;
  headers: Headers;
}

export let lastHeaders = new Headers();

export async function siteFetch<T>(url: string, options: RequestInit): Promise<T> {
  const headers = { ...options.headers, "X-API-Key": key };
  const response = await fetch(`${site}${url}`, { ...options, headers });
  lastHeaders = response.headers;
  const body: unknown = await response.json();
  if (!response.ok) throw new Refused(response.status, body);
  return body as T;
}
