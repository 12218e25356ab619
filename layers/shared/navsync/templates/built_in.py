"""The templates that every workspace has; one of its own with the same name takes its place."""

from __future__ import annotations

from collections.abc import Mapping

from navsync.model import EntityType
from navsync.templates.template import Template

_MEDIA_PROJECT = """\
{{description}}
## At a glance
- **Type:** {{project_type}}
- **Status:** {{status}}
- **Runs:** {{start_date}} – {{end_date}}
- **Budget:** {{budget}}
- **Audience we want to reach:** {{target_audience}}
- **Channels:** {{distribution_channels}}
- **Team:** {{team_members}}
## The change we want to see
> Who will think, feel or do what differently because of it?
## Story and approach
## Production plan
- [ ] Research and access
- [ ] Treatment and release forms
- [ ] Shoot
- [ ] Edit and review with those who appear in it
- [ ] Master, subtitles and translations
## Distribution and outreach
- [ ] Premiere and partners
- [ ] Press and social media
- [ ] Screenings with a discussion
## How we measure it
- Reach:
- Engagement:
- Change:
## Risks and safeguards
## Decisions
"""

_DISTRIBUTION_LOG = """\
- **Project:** {{project}}
- **Activity:** {{activity_type}}
- **Channel:** {{channel}}
- **Date:** {{date}}
- **Reach:** {{reach}}
- **Engagement:** {{engagement}}
- **Conversions:** {{conversions}}
- **Content:** {{content_url}}
{{notes}}
## What we did
## How people responded
## What we do next
- [ ] Thank partners
- [ ] Share what we learned
"""

_PERFORMANCE_METRICS = """\
- **Project:** {{project}}
- **As of:** {{metric_date}}
- **Views:** {{views}}
- **Unique viewers:** {{unique_viewers}}
- **Minutes watched:** {{watch_time_minutes}}
- **Engagement rate:** {{engagement_rate}}
- **Shares:** {{shares}}
- **Comments:** {{comments}}
## What stands out
## Why we think so
## What we change
- [ ] For this project
- [ ] For the next one
"""

_IMPACT_STORY = """\
- **Project:** {{project}}
- **Kind:** {{story_type}}
- **Told by:** {{stakeholder_name}}, {{stakeholder_organisation}}
- **Date:** {{impact_date}}
- **Outcome:** {{quantifiable_outcome}}
## Before
## What happened
## What changed
## In their own words
> …
## Evidence
- [ ] Consent to publish
- [ ] Source checked
- [ ] Photo or recording
"""

BUILT_IN: Mapping[str, Template] = {
    entity_type.value: Template(entity_type.value, "{{title}}", body, entity_type)
    for entity_type, body in (
        (EntityType.MEDIA_PROJECT, _MEDIA_PROJECT),
        (EntityType.DISTRIBUTION_LOG, _DISTRIBUTION_LOG),
        (EntityType.PERFORMANCE_METRICS, _PERFORMANCE_METRICS),
        (EntityType.IMPACT_STORY, _IMPACT_STORY),
    )
}
