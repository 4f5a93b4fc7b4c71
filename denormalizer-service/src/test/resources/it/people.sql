SELECT p.id::text, json_build_object('id', p.id, 'handle', p.handle, 'name', p.name,
    'authored', (SELECT coalesce(json_agg(json_build_object('id', m.id, 'title', m.title,
        'notified', (SELECT coalesce(json_agg(json_build_object('kind', r.kind) ORDER BY r.kind COLLATE "C" DESC NULLS LAST, r.id), '[]') FROM recipient r WHERE r.monitor_id = m.id))
        ORDER BY m.id), '[]') FROM monitor m WHERE m.author_id = p.id),
    'edited', (SELECT coalesce(json_agg(json_build_object('id', m.id, 'team', (SELECT json_build_object('name', t.name) FROM team t WHERE t.id = m.team_id)) ORDER BY m.id), '[]')
        FROM monitor m WHERE m.editor = p.handle))::text
FROM person p
