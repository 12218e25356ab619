// One line of JSON for each test that ended.

export default async function* lines(events) {
  for await (const { type, data } of events) {
    if ((type === "test:pass" || type === "test:fail") && data.details?.type !== "suite") {
      const error = data.details?.error
      const said = error ? String(error.cause?.stack ?? error.cause ?? error.message) : null
      const code = error?.cause?.code ?? error?.cause?.cause?.code ?? null
      const skipped = data.skip !== undefined
      yield `${JSON.stringify({ name: data.name, passed: type === "test:pass", skipped, said, code })}\n`
    }
  }
}
