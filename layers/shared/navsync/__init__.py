"""NavSync: two-way sync between NavImpact and Notion."""
