SELECT replace(replace(s.org_code, '\', '\\'), '|', '\|') || '|' || s.no, json_build_object('org_code', s.org_code, 'no', s.no, 'title', s.title,
    'org', (SELECT json_build_object('id', o.id, 'name', o.name,
        'teams', (SELECT coalesce(json_agg(json_build_object('name', t.name, 'lead', (SELECT json_build_object('handle', p.handle) FROM person p WHERE p.id = t.lead_id)) ORDER BY t.id), '[]')
            FROM team t WHERE t.org_id = o.id)) FROM org o WHERE o.code = s.org_code),
    'notes', (SELECT coalesce(json_agg(json_build_object('id', n.id, 'body', n.body) ORDER BY n.id), '[]') FROM note n WHERE n.org_code = s.org_code AND n.step_no = s.no))::text
FROM step s
