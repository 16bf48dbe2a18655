/**
 * Replaces `$(NAME)` by its value, as Kubernetes does in command, args and env: an unknown name stays as it is written,
 * and `$$(NAME)` is the escaped form of `$(NAME)`.
 */
export function expandVariables(text: string, values: ReadonlyMap<string, string>): string {
  if (!text.includes('$')) return text
  return text.replace(/\$(?:(\$)|\(([^)]*)\))/g, (whole, escaped: string | undefined, name: string | undefined) => {
    if (escaped !== undefined) return '$'
    return (name === undefined ? undefined : values.get(name)) ?? whole
  })
}
