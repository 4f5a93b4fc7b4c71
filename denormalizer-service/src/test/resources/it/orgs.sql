SELECT o.id::text, json_build_object('id', o.id, 'code', o.code, 'name', o.name,
    'teams', (SELECT coalesce(json_agg(json_build_object('id', t.id, 'name', t.name,
        'monitors', (SELECT coalesce(json_agg(json_build_object('id', m.id, 'title', m.title,
            'recipients', (SELECT coalesce(json_agg(json_build_object('id', r.id, 'kind', r.kind,
                'person', (SELECT json_build_object('name', p.name) FROM person p WHERE p.id = r.person_id)) ORDER BY r.id), '[]') FROM recipient r WHERE r.monitor_id = m.id),
            'tags', (SELECT coalesce(json_agg(json_build_object('key', g.key, 'added', l.added) ORDER BY l.tag_id), '[]') FROM monitor_tag l JOIN tag g ON g.id = l.tag_id WHERE l.monitor_id = m.id))
            ORDER BY m.score DESC NULLS LAST, m.title COLLATE "C" NULLS LAST, m.id), '[]') FROM monitor m WHERE m.team_id = t.id))
        ORDER BY t.id), '[]') FROM team t WHERE t.org_id = o.id),
    'steps', (SELECT coalesce(json_agg(json_build_object('no', s.no, 'title', s.title,
        'notes', (SELECT coalesce(json_agg(json_build_object('id', n.id, 'body', n.body) ORDER BY n.id), '[]') FROM note n WHERE n.org_code = s.org_code AND n.step_no = s.no))
        ORDER BY s.no), '[]') FROM step s WHERE s.org_code = o.code))::text
FROM org o
