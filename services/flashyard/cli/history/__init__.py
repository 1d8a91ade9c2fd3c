"""`flashyard history`: the jobs that ended, found, told and exported."""
