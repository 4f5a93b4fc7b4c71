SELECT m.id::text, json_build_object('id', m.id, 'name', m.title, 'score', m.score, 'ratio', m.ratio, 'data', m.data,
    'made', to_char(m.made AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'active', m.active,
    'team', (SELECT json_build_object('id', t.id, 'name', t.name,
        'lead', (SELECT json_build_object('name', p.name, 'born', p.born) FROM person p WHERE p.id = t.lead_id),
        'tags', (SELECT coalesce(json_agg(json_build_object('key', g.key) ORDER BY g.key COLLATE "C" DESC NULLS LAST, g.id), '[]') FROM tag g WHERE g.owner_id = t.id))
        FROM team t WHERE t.id = m.team_id),
    'editor', (SELECT json_build_object('id', p.id, 'name', p.name) FROM person p WHERE p.handle = m.editor),
    'author', (SELECT json_build_object('name', p.name) FROM person p WHERE p.id = m.author_id),
    'parent', (SELECT json_build_object('id', o.id, 'title', o.title,
        'recipients', (SELECT coalesce(json_agg(json_build_object('kind', r.kind) ORDER BY r.id), '[]') FROM recipient r WHERE r.monitor_id = o.id))
        FROM monitor o WHERE o.id = m.parent_id),
    'children', (SELECT coalesce(json_agg(json_build_object('id', c.id, 'title', c.title) ORDER BY c.title COLLATE "C" NULLS LAST, c.id), '[]') FROM monitor c WHERE c.parent_id = m.id),
    'recipients', (SELECT coalesce(json_agg(json_build_object('kind', r.kind, 'address', r.address,
        'person', (SELECT json_build_object('handle', p.handle,
            'leads', (SELECT coalesce(json_agg(json_build_object('name', t.name) ORDER BY t.id), '[]') FROM team t WHERE t.lead_id = p.id))
            FROM person p WHERE p.id = r.person_id))
        ORDER BY r.kind COLLATE "C" NULLS LAST, r.address COLLATE "C" DESC NULLS LAST, r.id), '[]') FROM recipient r WHERE r.monitor_id = m.id),
    'tags', (SELECT coalesce(json_agg(json_build_object('key', g.key, 'added', l.added,
        'owner', (SELECT json_build_object('name', t.name) FROM team t WHERE t.id = g.owner_id))
        ORDER BY g.key COLLATE "C" NULLS LAST, l.tag_id), '[]') FROM monitor_tag l JOIN tag g ON g.id = l.tag_id WHERE l.monitor_id = m.id))::text
FROM monitor m
