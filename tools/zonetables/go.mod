module agendaonline/tools/zonetables

go 1.26.0
