<#
.SYNOPSIS
  Writes what an Exchange organization says of itself into one JSON file for 'snapshot' in agent.yaml. Changes nothing in Exchange.
.DESCRIPTION
  Runs on an Exchange server, in Windows PowerShell 5.1; outside the Exchange Management Shell it connects to one itself. The account needs the
  role group View-Only Organization Management, and the right to log on as a batch job there.
  No private key, password or token is read. A server that does not answer, or a cmdlet that does not exist or is denied, is written as such.
  Every day at 03:00, as a scheduled task:
    schtasks /Create /TN ExchangeFacts /SC DAILY /ST 03:00 /RU FABRIKAM\svc-facts /RP * /TR "powershell.exe -NoProfile -ExecutionPolicy Bypass -File C:\Scripts\Export-ExchangeFacts.ps1 -Path \\agent\facts\snapshot.json"
.PARAMETER Path
  The file to write, by default .\snapshot.json. It is replaced in one step, so that nobody reads half of it.
.PARAMETER Uri
  Where to send it as well, such as https://agent.fabrikam.com:9717/api/v1/snapshot; its certificate must be trusted by this machine.
.PARAMETER Login
  A file with the user and password for Uri, written once by the account that runs the task: Get-Credential | Export-Clixml C:\Scripts\agent.xml
  Only that account, on this machine, can decrypt it.
#>
[CmdletBinding()]
param(
  [string]$Path = '.\snapshot.json',
  [string]$Uri,
  [string]$Login
)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

if (-not (Get-Command Get-ExchangeServer -ErrorAction SilentlyContinue)) {
  . "$env:ExchangeInstallPath\bin\RemoteExchange.ps1"
  Connect-ExchangeServer -auto -ClientApplication:ManagementShell
}

$script:errors = @()

# The results of a cmdlet; null, and an entry in 'errors', if it cannot be run.
function Invoke-Reading([string]$Cmdlet, $Server, [scriptblock]$Block) {
  if (-not (Get-Command $Cmdlet -ErrorAction SilentlyContinue)) {
    $script:errors += [ordered]@{ cmdlet = $Cmdlet; server = $Server; kind = 'missing'; message = 'not available to this account in this shell' }
    return $null
  }
  try { return ,@(& $Block) }
  catch {
    $kind = if ("$($_.FullyQualifiedErrorId) $($_.Exception.Message)" -match 'AccessDenied|UnauthorizedAccess|denied|not authorized|permission') { 'denied' } else { 'failed' }
    $script:errors += [ordered]@{ cmdlet = $Cmdlet; server = $Server; kind = $kind; message = "$($_.Exception.Message)" }
    return $null
  }
}

function Format-Utc([datetime]$Date) {
  return $Date.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ', [System.Globalization.CultureInfo]::InvariantCulture)
}

# A property that not every version has.
function Get-Value($Object, [string]$Name) {
  if ($null -eq $Object) { return $null }
  $property = $Object.PSObject.Properties[$Name]
  if ($null -eq $property -or $null -eq $property.Value) { return $null }
  return $property.Value
}
function Get-Text($Object, [string]$Name) {
  $value = Get-Value $Object $Name
  if ($null -eq $value) { return $null }
  return "$value"
}
function Get-Texts($Object, [string]$Name) {
  $value = Get-Value $Object $Name
  if ($null -eq $value) { return ,@() }
  return ,@($value | ForEach-Object { "$_" } | Where-Object { $_ })
}
function Get-Flag($Object, [string]$Name) {
  $value = Get-Value $Object $Name
  if ($null -eq $value) { return $null }
  return [bool]$value
}
function Get-Utc($Object, [string]$Name) {
  $value = Get-Value $Object $Name
  if ($null -eq $value) { return $null }
  return Format-Utc ([datetime]$value)
}
# Flags such as 'IIS, SMTP' as a list of names.
function Get-Names($Object, [string]$Name) {
  $value = Get-Text $Object $Name
  if (-not $value) { return ,@() }
  return ,@($value -split ',' | ForEach-Object { $_.Trim() } | Where-Object { $_ })
}

function Get-CertificateFacts($Certificate) {
  $raw = Get-Value $Certificate 'RawData'
  if ($null -eq (Get-Value $Certificate 'Thumbprint')) {
    # With an expired auth certificate, Exchange cannot sign what it serializes: only the raw certificate arrives.
    $x509 = New-Object System.Security.Cryptography.X509Certificates.X509Certificate2 (, [byte[]]$raw)
    return [ordered]@{
      thumbprint = $x509.Thumbprint; subject = $x509.Subject; notBefore = Format-Utc $x509.NotBefore; notAfter = Format-Utc $x509.NotAfter
      hasPrivateKey = $null; services = $null; certificate = [Convert]::ToBase64String($x509.RawData)
    }
  }
  return [ordered]@{
    thumbprint   = "$($Certificate.Thumbprint)"
    subject      = Get-Text $Certificate 'Subject'
    friendlyName = Get-Text $Certificate 'FriendlyName'
    notBefore    = Get-Utc $Certificate 'NotBefore'
    notAfter     = Get-Utc $Certificate 'NotAfter'
    keySize      = [int](Get-Value $Certificate 'PublicKeySize')
    hasPrivateKey = Get-Flag $Certificate 'HasPrivateKey'
    services     = Get-Names $Certificate 'Services'
    status       = Get-Text $Certificate 'Status'
    isSelfSigned = Get-Flag $Certificate 'IsSelfSigned'
    domains      = Get-Texts $Certificate 'CertificateDomains'
    certificate  = if ($raw) { [Convert]::ToBase64String($raw) } else { $null }
  }
}

function Get-ServerFacts($Server) {
  $name = "$($Server.Fqdn)"
  $before = $script:errors.Count
  $certificates = $null; $components = $null; $directories = $null; $transport = $null
  $isMailbox = "$($Server.ServerRole)" -match 'Mailbox'
  if ($isMailbox) {
    $found = Invoke-Reading 'Get-ExchangeCertificate' $name { Get-ExchangeCertificate -Server $name -ErrorAction Stop }
    if ($null -ne $found) { $certificates = @($found | ForEach-Object { Get-CertificateFacts $_ }) }
    $states = Invoke-Reading 'Get-ServerComponentState' $name { Get-ServerComponentState -Identity $name -ErrorAction Stop }
    if ($null -ne $states) { $components = @($states | ForEach-Object { [ordered]@{ name = "$($_.Component)"; state = "$($_.State)" } }) }
    $service = Invoke-Reading 'Get-TransportService' $name { Get-TransportService -Identity $name -ErrorAction Stop }
    if ($null -ne $service) { $transport = Get-Text ($service | Select-Object -First 1) 'InternalTransportCertificateThumbprint' }
    $ews = Invoke-Reading 'Get-WebServicesVirtualDirectory' $name { Get-WebServicesVirtualDirectory -Server $name -ADPropertiesOnly -ErrorAction Stop }
    $autodiscover = Invoke-Reading 'Get-AutodiscoverVirtualDirectory' $name { Get-AutodiscoverVirtualDirectory -Server $name -ADPropertiesOnly -ErrorAction Stop }
    if ($null -ne $ews -and $null -ne $autodiscover) {
      $directories = @(@($ews) + @($autodiscover) | ForEach-Object {
          [ordered]@{ name = "$($_.Identity)"; oauth = Get-Flag $_ 'OAuthAuthentication' } })
    }
  }
  $mine = @($script:errors | Select-Object -Skip $before)
  return [ordered]@{
    name         = $name
    roles        = Get-Names $Server 'ServerRole'
    version      = Get-Version $Server
    site         = Get-Text $Server 'Site'
    isReachable  = -not $isMailbox -or $null -ne $certificates
    error        = if ($isMailbox -and $null -eq $certificates -and $mine.Count) { $mine[0].message } else { $null }
    internalTransportThumbprint = $transport
    certificates = $certificates
    components   = $components
    virtualDirectories = $directories
  }
}

# The build that is installed, from ExSetup.exe; where that cannot be read, AdminDisplayVersion, which security updates do not change.
# 'Version 15.2 (Build 2562.17)' as '15.2.2562.17'.
function Get-Version($Server) {
  try {
    $found = Invoke-Command -ComputerName "$($Server.Fqdn)" -ErrorAction Stop -ScriptBlock {
      (Get-Item "$env:ExchangeInstallPath\bin\ExSetup.exe").VersionInfo.FileVersion
    }
    if ("$found" -match '^\d+(\.\d+)+$') { return (@("$found" -split '\.' | ForEach-Object { [int]$_ }) -join '.') }
  } catch { Write-Verbose "$($Server.Fqdn): $($_.Exception.Message)" }
  $text = Get-Text $Server 'AdminDisplayVersion'
  if ($text -match 'Version (\d+)\.(\d+) \(Build (\d+)\.(\d+)\)') { return "$($Matches[1]).$($Matches[2]).$($Matches[3]).$($Matches[4])" }
  return $text
}

$collectedAt = Format-Utc (Get-Date)
# Without these two there is nothing to write.
$organization = Get-OrganizationConfig -ErrorAction Stop
$servers = @(Get-ExchangeServer -ErrorAction Stop)

$domains = Invoke-Reading 'Get-AcceptedDomain' $null { Get-AcceptedDomain -ErrorAction Stop }
$authConfig = Invoke-Reading 'Get-AuthConfig' $null { Get-AuthConfig -ErrorAction Stop }
$authServers = Invoke-Reading 'Get-AuthServer' $null { Get-AuthServer -ErrorAction Stop }
$partners = Invoke-Reading 'Get-PartnerApplication' $null { Get-PartnerApplication -ErrorAction Stop }
$push = Invoke-Reading 'Get-PushNotificationApp' $null { Get-PushNotificationApp -ErrorAction Stop | Where-Object { $_.Name -eq 'OnPrem-Proxy' } }
$overrides = Invoke-Reading 'Get-SettingOverride' $null { Get-SettingOverride -ErrorAction Stop }
$hybrid = Invoke-Reading 'Get-HybridConfiguration' $null { Get-HybridConfiguration -ErrorAction Stop }
$sending = Invoke-Reading 'Get-SendConnector' $null { Get-SendConnector -ErrorAction Stop }
$receiving = Invoke-Reading 'Get-ReceiveConnector' $null { Get-ReceiveConnector -ErrorAction Stop }

function Get-ConnectorFacts($Connector, [string]$Direction) {
  return [ordered]@{
    direction = $Direction
    name = Get-Text $Connector 'Name'
    server = Get-Text $Connector 'Server'
    enabled = Get-Flag $Connector 'Enabled'
    tlsCertificateName = Get-Text $Connector 'TlsCertificateName'
    tlsAuthLevel = Get-Text $Connector 'TlsAuthLevel'
    tlsDomain = Get-Text $Connector 'TlsDomain'
    requireTls = Get-Flag $Connector 'RequireTLS'
  }
}

$facts = [ordered]@{
  schema = 1
  collectedAt = $collectedAt
  collectedBy = [System.Net.Dns]::GetHostEntry('').HostName
  organization = [ordered]@{
    name = Get-Text $organization 'Name'
    id = Get-Text $organization 'Guid'
    domains = if ($null -eq $domains) { $null } else { @($domains | ForEach-Object { "$($_.DomainName)" }) }
    defaultDomain = @($domains | Where-Object { $null -ne $_ -and $_.Default } | ForEach-Object { "$($_.DomainName)" }) | Select-Object -First 1
  }
  authConfig = if ($null -eq $authConfig -or $authConfig.Count -eq 0) { $null } else {
    $one = $authConfig | Select-Object -First 1
    [ordered]@{
      currentThumbprint = Get-Text $one 'CurrentCertificateThumbprint'
      previousThumbprint = Get-Text $one 'PreviousCertificateThumbprint'
      nextThumbprint = Get-Text $one 'NextCertificateThumbprint'
      nextEffectiveDate = Get-Utc $one 'NextCertificateEffectiveDate'
      serviceName = Get-Text $one 'ServiceName'
      realm = Get-Text $one 'Realm'
    }
  }
  authServers = if ($null -eq $authServers) { $null } else { @($authServers | ForEach-Object {
        [ordered]@{
          name = Get-Text $_ 'Name'; type = Get-Text $_ 'Type'; realm = Get-Text $_ 'Realm'; metadataUrl = Get-Text $_ 'AuthMetadataUrl'
          tokenIssuingEndpoint = Get-Text $_ 'TokenIssuingEndpoint'; applicationId = Get-Text $_ 'ApplicationIdentifier'
          enabled = [bool](Get-Flag $_ 'Enabled')
        } }) }
  partnerApplications = if ($null -eq $partners) { $null } else { @($partners | ForEach-Object {
        [ordered]@{
          name = Get-Text $_ 'Name'; applicationId = Get-Text $_ 'ApplicationIdentifier'; realm = Get-Text $_ 'Realm'
          enabled = [bool](Get-Flag $_ 'Enabled')
        } }) }
  pushNotificationProxy = if ($null -eq $push -or $push.Count -eq 0) { $null } else {
    $one = $push | Select-Object -First 1
    [ordered]@{
      name = Get-Text $one 'Name'; enabled = Get-Flag $one 'Enabled'; organization = Get-Text $one 'Organization'
      uri = Get-Text $one 'Uri'; isValid = Get-Flag $one 'IsValid'
    }
  }
  settingOverrides = if ($null -eq $overrides) { $null } else { @($overrides | ForEach-Object {
        [ordered]@{
          name = Get-Text $_ 'Name'; component = Get-Text $_ 'ComponentName'; section = Get-Text $_ 'SectionName'
          parameters = Get-Texts $_ 'Parameters'; servers = Get-Texts $_ 'Server'
          minimumVersion = Get-Text $_ 'MinVersion'; maximumVersion = Get-Text $_ 'MaxVersion'
        } }) }
  hybridConfiguration = if ($null -eq $hybrid -or $hybrid.Count -eq 0) { $null } else {
    $one = $hybrid | Select-Object -First 1
    [ordered]@{
      features = Get-Texts $one 'Features'; tlsCertificateName = Get-Text $one 'TlsCertificateName'; domains = Get-Texts $one 'Domains'
    }
  }
  connectors = if ($null -eq $sending -or $null -eq $receiving) { $null } else {
    @(@($sending | ForEach-Object { Get-ConnectorFacts $_ 'send' }) + @($receiving | ForEach-Object { Get-ConnectorFacts $_ 'receive' }))
  }
  servers = @($servers | ForEach-Object { Get-ServerFacts $_ })
  errors = @()
}
$facts.errors = @($script:errors)

$json = ConvertTo-Json -InputObject $facts -Depth 8 -Compress
$bytes = (New-Object System.Text.UTF8Encoding $false).GetBytes($json)
$full = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Path)
[System.IO.File]::WriteAllBytes("$full.new", $bytes)
if (Test-Path -LiteralPath $full) { [System.IO.File]::Replace("$full.new", $full, $null) } else { [System.IO.File]::Move("$full.new", $full) }
if ($Uri) {
  [System.Net.ServicePointManager]::SecurityProtocol = [System.Net.SecurityProtocolType]::Tls12
  $headers = @{}
  if ($Login) {
    $credential = (Import-Clixml -LiteralPath $Login).GetNetworkCredential()
    $pair = [System.Text.Encoding]::UTF8.GetBytes("$($credential.UserName):$($credential.Password)")
    $headers.Authorization = 'Basic ' + [Convert]::ToBase64String($pair)
  }
  # Any other answer than success ends the script with an error, which the scheduled task shows.
  $null = Invoke-RestMethod -Method Post -Uri $Uri -Headers $headers -ContentType 'application/json' -Body $bytes
}
