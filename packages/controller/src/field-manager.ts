/** Everything that we apply is applied under this name. */
export const fieldManager = 'millrace'
