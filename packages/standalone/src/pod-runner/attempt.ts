export type Attempt = { readonly ok: true } | { readonly ok: false; readonly message: string }
