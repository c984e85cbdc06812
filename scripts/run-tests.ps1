# Runs tests in containers: scripts\run-tests.ps1 [njordr|heidrun|eikthyrnir|nornen|vedrfolnir|edda|all]
param([string]$Name = 'all')
Set-Location (Join-Path $PSScriptRoot '..')
docker compose -f docker-compose.test.yml build "$Name-test"
if ($LASTEXITCODE -eq 0) { docker compose -f docker-compose.test.yml run --rm "$Name-test" }
$code = $LASTEXITCODE
docker compose -f docker-compose.test.yml down --volumes
exit $code
