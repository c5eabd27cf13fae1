// Every page of the admin that a link leads to, in both themes, by pa11y (HTML CodeSniffer); and
// three of them by Lighthouse. One Chromium for all of it. `python -m tests.accessibility` starts it:
//   node check.mjs <address of the site> <session cookie> <path of Chromium> <pages for Lighthouse …>

import lighthouse from 'lighthouse'
import pa11y from 'pa11y'
import puppeteer from 'puppeteer'

const [site, session, chromium, ...measured] = process.argv.slice(2)
const LEFT_OUT = /\/logout\/|\/jsi18n\/|\/export|\/pdf\//
const ONE_OF_MANY = /\/([0-9]+|[0-9A-Za-z]{12}|[0-9a-f-]{36})\//g
const THEMES = ['light', 'dark']
const LEAST = { accessibility: 100, performance: 95 }

const browser = await puppeteer.launch({
  executablePath: chromium,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
})
let failed = false
try {
  const [name, value] = session.split('=')
  await browser.setCookie({ name, value, domain: new URL(site).hostname })
  const count = await checkPages()
  console.log(`pa11y: ${count} pages in ${THEMES.length} themes`)
  for (const path of measured) await measure(path)
} finally {
  await browser.close()
}
process.exit(failed ? 1 : 0)

/** Follows the links from the start page; of many pages alike, one. */
async function checkPages() {
  const page = await browser.newPage()
  await page.setViewport({ width: 1440, height: 900 })
  const waiting = ['/admin/'], seen = new Set()
  while (waiting.length) {
    const path = waiting.shift(), kind = path.replaceAll(ONE_OF_MANY, '/…/')
    if (seen.has(kind) || LEFT_OUT.test(path)) continue
    seen.add(kind)
    await page.goto(site + path, { waitUntil: 'load' })
    for (const theme of THEMES) {
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }])
      await settle(page)
      await check(page, path, theme)
    }
    const links = await page.$$eval('a[href]', (found) => found.map((one) => one.href))
    const within = links.filter((one) => one.startsWith(`${site}/admin/`))
    waiting.push(...within.map((one) => new URL(one).pathname))
  }
  return seen.size
}

/** Colours that are still fading in are neither the old nor the new ones. */
function settle(page) {
  return page.evaluate(() =>
    Promise.allSettled(document.getAnimations().map((one) => one.finished)))
}

async function check(page, path, theme) {
  const options = { browser, page, ignoreUrl: true, runners: ['htmlcs'], standard: 'WCAG2AA', timeout: 120000 }
  const { issues } = await pa11y(site + path, options)
  for (const one of issues) {
    failed = true
    console.log(`${path} (${theme}) ${one.code}\n  ${one.message}\n  ${one.context}`)
  }
}

async function measure(path) {
  const options = {
    port: new URL(browser.wsEndpoint()).port,
    onlyCategories: Object.keys(LEAST),
    disableStorageReset: true, // else nobody is signed in
    formFactor: 'desktop',
    // So tall that the bar at the bottom of a form covers no part of it.
    screenEmulation: { mobile: false, width: 1350, height: 1600, deviceScaleFactor: 1, disabled: false },
    throttlingMethod: 'simulate',
    throttling: { rttMs: 40, throughputKbps: 10240, cpuSlowdownMultiplier: 1, requestLatencyMs: 0, downloadThroughputKbps: 0, uploadThroughputKbps: 0 },
  }
  const { lhr } = await lighthouse(site + path, options)
  const scores = Object.fromEntries(Object.entries(lhr.categories).map(([name, one]) => [name, Math.round(one.score * 100)]))
  const bad = Object.keys(LEAST).filter((name) => scores[name] < LEAST[name])
  console.log(`Lighthouse ${path}: ${JSON.stringify(scores)}`)
  if (!bad.length) return
  failed = true
  for (const name of bad) {
    for (const { id, weight } of lhr.categories[name].auditRefs) {
      const audit = lhr.audits[id]
      if (weight && audit.score !== null && audit.score < 0.9) console.log(`  ${id}: ${audit.title} ${audit.displayValue ?? ''}`)
    }
  }
}
