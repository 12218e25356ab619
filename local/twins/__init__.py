"""Local HTTP servers that behave as Notion and NavImpact do."""
