SELECT m.id::text, json_build_object('id', m.id, 'title', m.title,
    'team', (SELECT json_build_object('name', t.name) FROM team t WHERE t.id = m.team_id),
    'count', (SELECT count(*) FROM recipient r WHERE r.monitor_id = m.id),
    'last', (SELECT coalesce(json_agg(json_build_object('id', r.id, 'address', r.address) ORDER BY r.id DESC), '[]') FROM (SELECT * FROM recipient r WHERE r.monitor_id = m.id ORDER BY r.id DESC LIMIT 3) r))
FROM monitor m
